#include "probes/link_silence.h"

#include <algorithm>

namespace izar {
namespace {

// By how much one lag is above another, both modulo 2^32 ns.
Nanos rise_of(std::uint32_t lag, std::uint32_t before) noexcept {
    return Nanos{static_cast<std::int32_t>(lag - before)};
}

}  // namespace

void LinkSilence::take(Instant arrived, std::uint32_t stamp, const OwnPauses& own, Instant now) noexcept {
    fade(now);
    if (arrived == last_heard_) {
        return;
    }
    const Nanos paused = own.until(arrived);
    const Nanos gap = arrived - last_heard_ - (paused - paused_);
    const std::uint32_t lag = static_cast<std::uint32_t>(arrived.time_since_epoch().count()) - stamp;
    settle_step(lag, now);
    const bool first = last_heard_ == Instant{};
    if (!first && gap <= kLongestStretch) {
        const Nanos rise = rise_of(lag, last_lag_);
        // Silence that the peer kept itself lets its stamps jump as well, and the lag stays.
        if (step_.gap == Nanos{0} && rise > gap / 2 && rise <= gap) {
            step_ = {gap, alarmed_, now, last_lag_, rise};
        } else {
            remember(gap, alarmed_);
        }
    }
    alarmed_ = false;
    last_heard_ = arrived;
    paused_ = paused;
    last_lag_ = lag;
}

void LinkSilence::settle_step(std::uint32_t lag, Instant now) noexcept {
    if (step_.gap == Nanos{0}) {
        return;
    }
    if (rise_of(lag, step_.lag_before) < step_.rise / 2) {
        remember(step_.gap, step_.alarmed);
        step_ = {};
    } else if (now - step_.begun >= kStepProof) {
        step_ = {};
    }
}

void LinkSilence::remember(Nanos gap, bool alarmed) noexcept {
    longest_gap_ = std::max(longest_gap_, gap);
    alarm_gap_ = alarmed ? std::max(alarm_gap_, gap) : alarm_gap_;
}

void LinkSilence::fade(Instant now) noexcept {
    if (now - faded_ >= kGapMemory / 100) {
        longest_gap_ -= longest_gap_ / 100;
        alarm_gap_ -= alarm_gap_ / (100 * (kAlarmMemory / kGapMemory));
        faded_ = now;
    }
}

Nanos LinkSilence::limit(Nanos told) const noexcept {
    const Nanos longest = std::max({longest_gap_, alarm_gap_, step_.gap});
    return std::max(told, std::min(longest * 3 / 2, kLongestStretch));
}

}  // namespace izar
