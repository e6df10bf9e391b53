#include "sched/virtual_queue.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {

std::vector<double> ranked_excess(std::span<const double> values, double threshold) {
    std::vector<double> sorted{values.begin(), values.end()};
    std::sort(sorted.begin(), sorted.end());
    const auto first_at = std::lower_bound(sorted.begin(), sorted.end(), threshold);
    const auto first_above = std::upper_bound(sorted.begin(), sorted.end(), threshold);
    const auto below = static_cast<double>(first_at - sorted.begin());
    const auto above = static_cast<double>(sorted.end() - first_above);
    std::vector<double> excess;
    excess.reserve(values.size());
    for (const double value : values) {
        if (value > threshold) {
            const auto rank = std::upper_bound(first_above, sorted.end(), value) - first_above;
            excess.push_back(static_cast<double>(rank) / above);
        } else if (value < threshold) {
            const auto rank = first_at - std::lower_bound(sorted.begin(), first_at, value);
            excess.push_back(-static_cast<double>(rank) / below);
        } else {
            excess.push_back(0);
        }
    }
    return excess;
}

void VirtualQueues::advance(std::span<const NodeId> nodes, std::span<NodeLoad> loads) {
    CHECK(nodes.size() == loads.size());
    std::vector<double> means;
    std::vector<double> variances;
    for (const NodeLoad& load : loads) {
        means.push_back(load.cpu_percent);
        variances.push_back(load.cpu_variance);
    }
    const auto mean_excess = ranked_excess(means, thresholds_.mean);
    const auto variance_excess = ranked_excess(variances, thresholds_.variance);
    std::vector<Queue> next;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto known = std::ranges::lower_bound(queues_, nodes[i], {}, &Queue::node);
        const bool found = known != queues_.end() && known->node == nodes[i];
        Queue queue = found ? *known : Queue{.node = nodes[i]};
        queue.mean = std::clamp(queue.mean + mean_excess[i], 0.0, kLongest);
        queue.variance = std::clamp(queue.variance + variance_excess[i], 0.0, kLongest);
        loads[i].mean_excess = mean_excess[i];
        loads[i].variance_excess = variance_excess[i];
        loads[i].mean_queue = queue.mean;
        loads[i].variance_queue = queue.variance;
        next.push_back(queue);
    }
    std::sort(next.begin(), next.end(), [](const Queue& a, const Queue& b) { return a.node < b.node; });
    queues_ = std::move(next);
}

}  // namespace izar
