// cost_matrix.h -- CostMatrix: the cost of every link of the fleet, stored by its far end.
//
// Thread: one writer at a time (in izar-edge the scheduler thread), which is also the reader.
//
// The search for paths to a node adds a vector over last relays to the costs of the links that lead into
// the node, so that vector is what lies together: into(to)[from], padded with kUnknownCost to whole cache lines.
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

    Cost at(NodeSlot from, NodeSlot to) const noexcept { return costs_[raw(to) * stride_ + raw(from)]; }
    void set(NodeSlot from, NodeSlot to, Cost cost) noexcept { costs_[raw(to) * stride_ + raw(from)] = cost; }

    // Costs of the links into a node, indexed by the slot they come from; stride() long.
    const Cost* into(NodeSlot to) const noexcept { return costs_.data() + raw(to) * stride_; }

  private:
    std::size_t nodes_;
    std::size_t stride_;
    std::vector<Cost> costs_;
};

}  // namespace izar
