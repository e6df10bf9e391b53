#include "ctrl/controller/event_log.h"

#include <algorithm>
#include <utility>

namespace izar {

const char* name_of(EventKind kind) {
    constexpr const char* kNames[] = {"agent", "certificate", "change", "group", "join", "link", "node", "store"};
    return kNames[static_cast<std::size_t>(kind)];
}

void EventLog::add(WallTime now, EventKind kind, std::string text) {
    newest_ =
        std::max(newest_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(now.time_since_epoch().count(), 0)));
    events_.push_back({newest_, now, kind, std::move(text)});
    if (events_.size() > kMostKept) {
        events_.pop_front();
    }
}

}  // namespace izar
