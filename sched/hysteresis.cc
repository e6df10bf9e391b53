#include "sched/hysteresis.h"

#include <algorithm>

namespace izar {

void FlapDamper::change(Instant now) noexcept {
    const auto forgiven = static_cast<std::uint64_t>((now - last_change_) / kForgiveness);
    changes_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(forgiven, changes_));
    last_change_ = now;
    changes_ = std::min(changes_ + 1, free_changes_ + kMostCounted);
    if (changes_ <= free_changes_) {
        return;
    }
    const std::uint32_t doublings = changes_ - free_changes_ - 1;
    held_until_ = now + std::min(kFirstHold * (1 << doublings), kLongestHold);
}

PathReason judge_switch(const SwitchMargins& margins, Cost current, Cost best, const FlapDamper& damper,
                        Instant now) noexcept {
    if (current >= kUnknownCost) {
        return PathReason::failed_over;
    }
    const double gain_us = static_cast<double>(current) - static_cast<double>(best);
    const double absolute_us = std::chrono::duration<double, std::micro>(margins.absolute).count();
    if (gain_us < absolute_us || gain_us < margins.relative * current) {
        return PathReason::kept_margin;
    }
    const bool far_better = gain_us >= kFarBetterMargins * absolute_us && current >= kFarBetterRatio * best;
    const Nanos most = far_better ? kShortHold : FlapDamper::kLongestHold;
    return damper.held(now, most) ? PathReason::kept_hold : PathReason::better;
}

std::string_view text_of(PathReason reason) noexcept {
    switch (reason) {
        case PathReason::unreachable:
            return "no path";
        case PathReason::first:
            return "first found";
        case PathReason::failed_over:
            return "the one before failed";
        case PathReason::better:
            return "better by both margins";
        case PathReason::kept_margin:
            return "kept, a better one is not better by both margins";
        case PathReason::kept_hold:
            return "kept, paths changed too often lately";
    }
    return "unknown";
}

}  // namespace izar
