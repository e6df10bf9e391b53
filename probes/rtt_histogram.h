// rtt_histogram.h -- RttHistogram: the distribution of RTT samples of one link, in 4 bytes a bucket.
//
// Thread: one lcore adds, any thread reads; counts are relaxed words, so a picture may be a few samples old.
//
// Buckets are log-linear like HdrHistogram's: 8 to each power of two, so a value is known within 1/8.
// Below 16 us all is one bucket, above 8.6 s too.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/base/types.h"

namespace izar {

class RttHistogram {
  public:
    static constexpr std::size_t kBuckets = 160;

    void add(Nanos rtt, std::uint32_t times = 1) noexcept {
        auto& word = counts_[bucket_of(rtt)];
        word.store(word.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
    }

    std::uint32_t count(std::size_t bucket) const noexcept { return counts_[bucket].load(std::memory_order_relaxed); }

    static constexpr std::size_t bucket_of(Nanos rtt) noexcept {
        const auto ns = static_cast<std::uint64_t>(rtt.count() < 0 ? 0 : rtt.count());
        if (ns < (std::uint64_t{1} << kFirstOctave)) {
            return 0;
        }
        const auto octave = static_cast<unsigned>(std::bit_width(ns) - 1);
        const auto part = static_cast<std::size_t>(ns >> (octave - kPartBits)) & ((1U << kPartBits) - 1);
        const std::size_t bucket = ((octave - kFirstOctave) << kPartBits) + part + 1;
        return bucket < kBuckets ? bucket : kBuckets - 1;
    }
    // The upper bound of a bucket's values.
    static constexpr Nanos upper_bound(std::size_t bucket) noexcept {
        const std::uint64_t octave = kFirstOctave + (bucket >> kPartBits);
        const std::uint64_t part = bucket & ((1U << kPartBits) - 1);
        return Nanos{static_cast<std::int64_t>(((std::uint64_t{1} << kPartBits) + part) << (octave - kPartBits))};
    }

  private:
    static constexpr unsigned kFirstOctave = 14;  // 16.4 us
    static constexpr unsigned kPartBits = 3;
    std::array<std::atomic<std::uint32_t>, kBuckets> counts_{};
};

// Counts of several histograms of one link added up, and the quantiles of them.
class RttDistribution {
  public:
    void add(const RttHistogram& histogram) noexcept {
        for (std::size_t i = 0; i < RttHistogram::kBuckets; ++i) {
            counts_[i] += histogram.count(i);
            total_ += histogram.count(i);
        }
    }
    std::uint64_t total() const noexcept { return total_; }
    // The value that `fraction` (0..1] of the samples do not exceed, rounded up to its bucket's bound.
    std::optional<Nanos> quantile(double fraction) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total_) + 0.999999);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < RttHistogram::kBuckets; ++i) {
            sum += counts_[i];
            if (sum != 0 && sum >= wanted) {
                return RttHistogram::upper_bound(i);
            }
        }
        return std::nullopt;
    }

  private:
    std::array<std::uint64_t, RttHistogram::kBuckets> counts_{};
    std::uint64_t total_ = 0;
};

}  // namespace izar
