// virtual_queue.h -- VirtualQueues: how long each node has been busier than it should, as the lyapunov policy asks.
//
// Thread: the leading controller's; one round after the other, the same for all nodes.
//
// Source: the rule that the field calls Arcturus'. A node's excess over a threshold is ranked among all nodes:
// (0, 1] above it, [-1, 0] below it, so that one outlier does not set the scale. Its queue adds the excess up,
// Q <- max(Q + n, 0), and so is bounded while the node is below the threshold more often than above.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dataplane/base/types.h"
#include "sched/policy.h"

namespace izar {

struct QueueThresholds {
    double mean = 50;      // percent of CPU
    double variance = 50;  // squared percent
};

class VirtualQueues {
  public:
    static constexpr double kLongest = 1e6;  // keeps the sum finite when a node is overloaded for years

    VirtualQueues() = default;
    explicit VirtualQueues(QueueThresholds thresholds) : thresholds_(thresholds) {}

    // One round: reads cpu_percent and cpu_variance of every node, writes both excesses and both queues. A node
    // that was not in the last round starts with empty queues; `nodes` and `loads` go together.
    void advance(std::span<const NodeId> nodes, std::span<NodeLoad> loads);

  private:
    struct Queue {
        NodeId node = kNoNode;
        double mean = 0;
        double variance = 0;
    };
    QueueThresholds thresholds_;
    std::vector<Queue> queues_;  // by ascending node id
};

// Rank-normalised excess of each value over the threshold: the highest of all above gets 1, the lowest of all
// below gets -1, what is exactly at it 0; equal values get equal ranks.
std::vector<double> ranked_excess(std::span<const double> values, double threshold);

}  // namespace izar
