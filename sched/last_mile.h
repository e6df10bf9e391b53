// last_mile.h -- LastMile: which share of the clients each ingress (or of the flows each egress) gets.
//
// Thread: one (the group's master); a round is a pure function of the state and its arguments.
//
// Drift plus penalty: a request costs w*Q*dcpu + V*delay at a node, where the queue Q <- max(Q + cpu - target, 0)
// remembers how long the node has been too busy. Each round moves load from the dearest node to cheaper ones,
// never more than a bounded share, never more than the receiver has room for below its target, and away from a
// nearer node only what it has above its target. So a steady load comes to rest instead of swinging.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "dataplane/base/types.h"

namespace izar {

struct LastMilePolicy {
    double target_cpu = 60;          // percent; the queue grows above it
    double delay_weight = 0.01;      // V, per millisecond
    double most_moved_percent = 20;  // of all requests, in one round

    bool operator==(const LastMilePolicy&) const = default;
};

// A node as one group of clients sees it.
struct MileNode {
    NodeId node = kNoNode;
    bool usable = true;
    unsigned cores = 1;
    double cpu_percent = 0;      // now, with the share it has
    double cpu_per_request = 0;  // percent for one request a second
    double delay_ms = 0;         // from the clients
};

class LastMile {
  public:
    LastMile() = default;
    explicit LastMile(const LastMilePolicy& policy) : policy_(policy) {}

    // Shares and queues stay; the next round goes by the new policy.
    void set_policy(const LastMilePolicy& policy) { policy_ = policy; }

    // The shares that somebody else left, with a sum of about 1. Before the first round.
    void start_from(const std::map<NodeId, double>& shares);

    // One round. Returns the share of each node, in the order given, with sum 1 (all 0 if none is usable). Nodes
    // that left or became unusable lose their share at once; new ones start with none, the first round's
    // nodes with equal shares. `requests` is the number of requests a second of all these clients.
    std::vector<double> balance(std::span<const MileNode> nodes, double requests);

    double queue(NodeId node) const;  // 0 if it is not known

  private:
    struct State {
        double share = 0;
        double queue = 0;
    };
    struct Round;

    LastMilePolicy policy_;
    std::map<NodeId, State> states_;
};

// Shares as weights for the consistent hash, in thousandths; every share above 0 gets at least 1.
std::vector<std::uint32_t> to_weights(std::span<const double> shares);

}  // namespace izar
