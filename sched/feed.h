// feed.h -- FeedUpdate: the one way by which anything but an lcore tells the scheduler thread something.
//
// Static data (nodes, services, policy) and dynamic items (links and nodes measured elsewhere) come as
// immutable updates through one SPSC ring: from the edge.yaml loader at start and at SIGHUP, or from the
// agent's ring once the node has joined a controller. Every field is optional: what is absent is unchanged.
//
// Thread: one thread builds and pushes an update, the scheduler thread reads it; it never changes in between.
#pragma once

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"
#include "sched/bandwidth.h"
#include "sched/policy.h"

namespace izar {

// A link as some other node measured it.
struct FeedLink {
    NodeId from = kNoNode;
    NodeId to = kNoNode;
    bool reachable = true;    // false: `from` does not reach `to`
    Nanos rtt{};              // smoothed
    Nanos variation{};        // mean deviation of the RTT
    double loss = 0;          // 0..1, of packets from `to` that `from` expected
    bool round_trip = false;  // loss is of a packet or its answer, as a summary tells it
    Nanos age{};              // since it was measured
    std::uint32_t count = 0;  // samples behind it
    Bandwidth bandwidth{};    // as old as the rest; what `from` can carry is also in its NodeLoad
};

// What the far node of a link is like, for the policies that ask.
struct FeedNode {
    NodeId node = kNoNode;
    NodeLoad load;
    Nanos age{};
};

// Whether a controller stands behind the dynamic items. Its silence freezes them (Mesh).
enum class FeedLife : std::uint8_t { silent, live };

struct FeedUpdate {
    std::shared_ptr<const Fleet> fleet;               // null: unchanged. A slot keeps its node while the node stays
    std::shared_ptr<const ServiceTable> services;     // null: unchanged. Choice tables need not be built
    std::shared_ptr<const RoutingPolicies> policies;  // null: unchanged
    std::optional<FeedLife> life;
    std::vector<FeedLink> links;
    std::vector<FeedNode> nodes;
    std::vector<NodeId> withdrawn;  // out of use at once, whatever measurements say
    std::vector<NodeId> restored;   // withdrawn before, in use again
};

inline constexpr std::size_t kFeedUpdates = 256;  // updates that the ring holds; a full ring is tried again

using FeedRing =
    boost::lockfree::spsc_queue<std::shared_ptr<const FeedUpdate>, boost::lockfree::capacity<kFeedUpdates>>;

}  // namespace izar
