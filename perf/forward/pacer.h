// pacer.h -- Pacer: which packets of an even load are due, and when each should have been sent.
//
// Thread: the generator's.
//
// A packet's due time depends on its number only. A generator that comes late sends what it owes with the due times
// it had: no latency is left out because nobody was there to start its clock. Where the node alone is asked about,
// a generator that comes too late gives up what it owes instead of sending it as a burst that no load would hold.
#pragma once

#include <cstdint>
#include <limits>

#include "dataplane/base/types.h"

namespace izar {

class Pacer {
  public:
    static constexpr std::uint64_t kOwesAll = std::numeric_limits<std::uint64_t>::max();

    // Packet number n is due at start + n / packets_per_second. Of more than `most_owed` packets the oldest are
    // skipped.
    Pacer(Instant start, double packets_per_second, std::uint64_t most_owed = kOwesAll) noexcept
        : start_(start), gap_ns_(1e9 / packets_per_second), most_owed_(most_owed) {}

    // How many packets are due at `now` and were neither taken nor skipped.
    std::uint64_t owed(Instant now) noexcept {
        const auto due = static_cast<std::uint64_t>(static_cast<double>((now - start_).count()) / gap_ns_) + 1;
        if (due <= next_) {
            return 0;
        }
        if (due - next_ > most_owed_) {
            skipped_ += due - next_ - most_owed_;
            next_ = due - most_owed_;
        }
        return due - next_;
    }
    // When the `n`-th of the packets that are owed should have been sent.
    Instant due(std::uint64_t n) const noexcept {
        return start_ + Nanos{static_cast<std::int64_t>(static_cast<double>(next_ + n) * gap_ns_)};
    }
    void take(std::uint64_t n) noexcept { next_ += n; }
    std::uint64_t skipped() const noexcept { return skipped_; }

  private:
    Instant start_;
    double gap_ns_;
    std::uint64_t most_owed_;
    std::uint64_t next_ = 0;
    std::uint64_t skipped_ = 0;
};

}  // namespace izar
