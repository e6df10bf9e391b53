// link_events.h -- LinkEvents: which of the events that agents tell of their links everybody is told at once.
//
// One event of one agent becomes a frame to each of the others, so what an agent may cause is bounded: an event that
// changes nothing is not passed on, and of one that does each agent may tell as many as twice a whole row at once, and
// a row more each round. What is not passed on reaches the others with the next summary.
//
// Thread: one; time is a parameter.
#pragma once

#include <map>
#include <optional>

#include "dataplane/base/types.h"
#include "sched/feed.h"

namespace izar {

namespace control {
class ToAgent;
}

class LinkEvents {
  public:
    static constexpr Nanos kRowTime = std::chrono::seconds{5};  // in which a node may tell of every link once more
    static constexpr Nanos kMostAhead = 2 * kRowTime;
    static constexpr std::size_t kLeastRow = 200;  // links; a small fleet's may flap

    // `known`: what was known of the link before. `nodes`: of the fleet.
    bool passes(const FeedLink& link, const std::optional<FeedLink>& known, std::size_t nodes, Instant now);

  private:
    std::map<NodeId, Instant> used_until_;  // when the events of this node would have been due, evenly told
};

// Made of what was read, so that whatever else an agent put into its event reaches nobody.
control::ToAgent link_event_message(const FeedLink& link);

}  // namespace izar
