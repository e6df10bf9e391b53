// cost_matrix.h -- CostMatrix: the cost of every link of the fleet, stored by its far end and by its near end.
//
// Thread: one writer at a time (in izar-edge the scheduler thread), which is also the reader.
//
// The search for paths to a node adds a vector over last relays to the costs of the links that lead into the node, so
// into(to)[from] lies together. A change of one link asks what it is worth to all nodes beyond it: out_of(from)[to]
// lies together, too, because its 1,024 cache lines among the others are 4 KiB apart and keep each other out of the
// caches. Both are padded with kUnknownCost to whole cache lines. 1,024 nodes take 8 MiB.
#pragma once

#include <cstddef>
#include <vector>

#include "dataplane/base/types.h"
#include "sched/cost.h"

namespace izar {

inline constexpr std::size_t kCostLanes = 16;  // costs in a cache line, and in the widest vector

constexpr std::size_t padded_size(std::size_t nodes) noexcept {
    return (nodes + kCostLanes - 1) / kCostLanes * kCostLanes;
}
static_assert(padded_size(kMaxNodes) == kMaxNodes);

class CostMatrix {
  public:
    // All links unknown; at most kMaxNodes nodes.
    explicit CostMatrix(std::size_t nodes = 0);

    std::size_t nodes() const noexcept { return nodes_; }
    std::size_t stride() const noexcept { return stride_; }  // padded_size(nodes())

    Cost at(NodeSlot from, NodeSlot to) const noexcept { return into(to)[raw(from)]; }
    void set(NodeSlot from, NodeSlot to, Cost cost) noexcept {
        by_far_end_[raw(to) * stride_ + raw(from)] = cost;
        by_near_end_[raw(from) * stride_ + raw(to)] = cost;
    }

    // Costs of the links into a node, indexed by the slot they come from; stride() long.
    const Cost* into(NodeSlot to) const noexcept { return by_far_end_.data() + raw(to) * stride_; }
    // Costs of the links out of a node, indexed by the slot they lead to; stride() long.
    const Cost* out_of(NodeSlot from) const noexcept { return by_near_end_.data() + raw(from) * stride_; }

  private:
    std::size_t nodes_;
    std::size_t stride_;
    std::vector<Cost> by_far_end_;
    std::vector<Cost> by_near_end_;
};

}  // namespace izar
