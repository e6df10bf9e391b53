#include "sched/relay_gate.h"

#include <algorithm>
#include <cstdint>

namespace izar {

bool RelayGate::take(std::optional<double> used, const GateEnds& ends, Instant now) noexcept {
    if (!open_) {
        if (used.value_or(0) >= kComeBackBelow) {
            quiet_since_ = now;
        } else if (now - quiet_since_ >= wait()) {
            open_ = true;
            opened_at_ = now;
        }
        return open_;
    }
    if (!used) {
        return true;
    }
    opened_at_ = opened_at_.value_or(now);
    if (*used <= 1) {
        above_since_.reset();
        return true;
    }
    above_since_ = above_since_.value_or(now);
    if (now - *opened_at_ < kNewcomer || now - *above_since_ >= kPatience) {
        close(ends, now);
    }
    return open_;
}

void RelayGate::close(const GateEnds& ends, Instant now) noexcept {
    const bool forgiven = now - *opened_at_ >= kForgiveness;
    wait_ = forgiven ? kShortestWait : std::clamp(wait_ * 2, kShortestWait, kLongestWait);
    turn_ = std::chrono::duration_cast<Nanos>(wait_ * turn_of(ends, ++closings_));
    open_ = false;
    quiet_since_ = now;
    above_since_.reset();
}

double turn_of(const GateEnds& ends, std::uint32_t closings) noexcept {
    // SplitMix64 spreads neighbouring ids over the whole range.
    std::uint64_t hash = std::uint64_t{closings} << 32 | std::uint64_t{raw(ends.ingress)} << 16 | raw(ends.relay);
    hash += 0x9E3779B97F4A7C15;
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
    return static_cast<double>((hash ^ (hash >> 31)) >> 11) * 0x1p-53;
}

}  // namespace izar
