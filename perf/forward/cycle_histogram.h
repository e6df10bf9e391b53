// cycle_histogram.h -- CycleHistogram: how long things took, in cycles (or any other unit), exact to 1/128 up to any
// length.
//
// Thread: one thread adds; read when it has stopped. Log-linear like HdrHistogram: 128 buckets to each power of two.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace izar {

class CycleHistogram {
  public:
    void add(std::uint64_t cycles) noexcept {
        ++counts_[bucket_of(cycles)];
        ++total_;
        most_ = cycles > most_ ? cycles : most_;
    }
    std::uint64_t total() const noexcept { return total_; }
    std::uint64_t most() const noexcept { return most_; }

    // The length that `fraction` (0..1] of the entries do not exceed, rounded up to its bucket's bound; 0 if empty.
    std::uint64_t quantile(double fraction) const noexcept {
        const double wanted = fraction * static_cast<double>(total_);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            sum += counts_[i];
            if (sum != 0 && static_cast<double>(sum) >= wanted) {
                return upper_bound(i) < most_ ? upper_bound(i) : most_;
            }
        }
        return most_;
    }

    // Calls visitor(largest length of the bucket, entries) for each bucket that has entries, in order: what another
    // histogram, or another program, needs to merge it.
    template <typename Visitor>
    void visit(Visitor&& visitor) const {
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i] != 0) {
                visitor(upper_bound(i), counts_[i]);
            }
        }
    }

  private:
    static constexpr unsigned kPartBits = 7;
    static constexpr std::uint64_t kParts = 1U << kPartBits;

    static constexpr std::size_t bucket_of(std::uint64_t cycles) noexcept {
        if (cycles < kParts) {
            return cycles;
        }
        const auto octave = static_cast<unsigned>(std::bit_width(cycles) - 1);
        const std::uint64_t part = (cycles >> (octave - kPartBits)) - kParts;
        return (octave - kPartBits + 1) * kParts + part;
    }
    // The largest length of a bucket.
    static constexpr std::uint64_t upper_bound(std::size_t bucket) noexcept {
        if (bucket < kParts) {
            return bucket;
        }
        const std::size_t octave = bucket / kParts - 1;
        return ((kParts + bucket % kParts + 1) << octave) - 1;
    }

    std::array<std::uint64_t, (64 - kPartBits + 1) * kParts> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t most_ = 0;
};

}  // namespace izar
