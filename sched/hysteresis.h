// hysteresis.h -- When to leave a path for a better one, and how long what fails often must wait.
//
// Thread: values of one thread; time is a parameter.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/types.h"
#include "sched/cost.h"
#include "sched/policy.h"

namespace izar {

// Counts how often something changed its mind, and says how long it must now stay put. The first change is
// free; from the second on each doubles the hold-down, and every quiet half minute forgives one. Changes that no
// longer lengthen the hold-down are not counted, so that three quiet minutes forgive everything.
class FlapDamper {
  public:
    static constexpr Nanos kFirstHold = std::chrono::seconds{1};
    static constexpr Nanos kLongestHold = std::chrono::seconds{20};
    static constexpr Nanos kForgiveness = std::chrono::seconds{30};
    static constexpr std::uint32_t kMostCounted = 6;  // beyond the free ones
    static_assert(kFirstHold * (1 << (kMostCounted - 1)) >= kLongestHold);
    static_assert(kForgiveness * kMostCounted <= std::chrono::minutes{3});

    FlapDamper() = default;
    // That many changes do not cause a hold-down.
    explicit FlapDamper(std::uint32_t free_changes) noexcept : free_changes_(free_changes) {}

    void change(Instant now) noexcept;
    bool held(Instant now) const noexcept { return now < held_until_; }
    // The same where the hold-down counts for no longer than `most` after the last change.
    bool held(Instant now, Nanos most) const noexcept { return held(now) && now < last_change_ + most; }
    Instant held_until() const noexcept { return held_until_; }
    std::uint32_t changes() const noexcept { return changes_; }  // not yet forgiven

  private:
    std::uint32_t free_changes_ = 1;
    std::uint32_t changes_ = 0;
    Instant last_change_{};
    Instant held_until_{};
};

// Why the path in use is the one in use.
enum class PathReason : std::uint8_t {
    unreachable,  // no path at all
    first,        // the first that was found
    failed_over,  // the one before it is gone
    better,       // it was better than the one before by both margins
    kept_margin,  // a better one exists, but not by both margins
    kept_hold,    // a better one exists, but paths changed too often lately
};

// A far better path (policy.h) is worth a change that the hold-down would put off, but no more often than this, so that
// flaps between far different paths stay bounded.
inline constexpr Nanos kShortHold = std::chrono::seconds{1};

// Whether to move from a path of cost `current` to the best one. Returns failed_over or better to move, and
// kept_margin or kept_hold to stay. A path that is gone is left at once, whatever the hold-down.
PathReason judge_switch(const SwitchMargins& margins, Cost current, Cost best, const FlapDamper& damper,
                        Instant now) noexcept;

// A sentence without final stop: "better by both margins".
std::string_view text_of(PathReason reason) noexcept;

}  // namespace izar
