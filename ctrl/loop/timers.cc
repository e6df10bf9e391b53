#include "ctrl/loop/timers.h"

namespace izar {

TimerId TimerQueue::call_at(Instant at, std::function<void()> call) {
    const TimerId timer{++last_id_};
    calls_.emplace(Key{at, timer}, std::move(call));
    at_.emplace(timer, at);
    return timer;
}

void TimerQueue::cancel(TimerId timer) {
    const auto found = at_.find(timer);
    if (found != at_.end()) {
        calls_.erase(Key{found->second, timer});
        at_.erase(found);
    }
}

std::optional<Instant> TimerQueue::next() const {
    return calls_.empty() ? std::nullopt : std::optional(calls_.begin()->first.first);
}

void TimerQueue::run(Instant now) {
    const TimerId newest{last_id_};
    auto at = calls_.begin();
    while (at != calls_.end() && at->first.first <= now) {
        if (at->first.second > newest) {
            ++at;
            continue;
        }
        const auto call = std::move(at->second);
        at_.erase(at->first.second);
        calls_.erase(at);
        call();
        at = calls_.begin();  // the call may have changed the queue
    }
}

}  // namespace izar
