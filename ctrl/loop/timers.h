// timers.h -- TimerQueue: calls that are due at an instant, earliest first.
//
// Thread: one; time is a parameter. A call may add and cancel timers, itself included.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "dataplane/base/types.h"

namespace izar {

enum class TimerId : std::uint64_t {};
inline constexpr TimerId kNoTimer{0};

class TimerQueue {
  public:
    TimerId call_at(Instant at, std::function<void()> call);
    // Unknown ids, and ids of calls that were made, are ignored.
    void cancel(TimerId timer);
    // The instant of the earliest call; none: there is no timer.
    std::optional<Instant> next() const;
    // Makes the calls that are due, in order. A call added meanwhile waits for the next run, so that one that
    // always asks to be called at once cannot hold the thread.
    void run(Instant now);

  private:
    using Key = std::pair<Instant, TimerId>;
    std::map<Key, std::function<void()>> calls_;
    std::map<TimerId, Instant> at_;
    std::uint64_t last_id_ = 0;
};

}  // namespace izar
