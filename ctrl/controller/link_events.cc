#include "ctrl/controller/link_events.h"

#include <control.pb.h>

#include <algorithm>

#include "ctrl/frames/messages.h"

namespace izar {

bool LinkEvents::passes(const FeedLink& link, const std::optional<FeedLink>& known, std::size_t nodes, Instant now) {
    if (known && known->reachable == link.reachable) {
        return false;
    }
    const Nanos each = kRowTime / static_cast<std::int64_t>(std::max(nodes, kLeastRow));
    Instant& until = used_until_[link.from];
    const Instant next = std::max(until, now) + each;
    if (next > now + kMostAhead) {
        return false;
    }
    until = next;
    return true;
}

control::ToAgent link_event_message(const FeedLink& link) {
    control::ToAgent out;
    out.mutable_link_event()->set_from(raw(link.from));
    *out.mutable_link_event()->mutable_item() = link_message(link);
    return out;
}

}  // namespace izar
