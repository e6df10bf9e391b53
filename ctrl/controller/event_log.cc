#include "ctrl/controller/event_log.h"

#include <algorithm>
#include <utility>

namespace izar {

const char* name_of(EventKind kind) {
    constexpr std::array<const char*, kEventKinds> kNames{"agent", "certificate", "change", "config", "group",
                                                          "join",  "link",        "node",   "store"};
    return kNames[static_cast<std::size_t>(kind)];
}

void EventLog::add(WallTime now, EventKind kind, std::string text) {
    newest_ =
        std::max(newest_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(now.time_since_epoch().count(), 0)));
    events_.push_back({newest_, now, kind, std::move(text)});
    ++counts_[static_cast<std::size_t>(kind)];
    if (events_.size() > kMostKept) {
        events_.pop_front();
    }
}

}  // namespace izar
