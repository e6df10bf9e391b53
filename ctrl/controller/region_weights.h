// region_weights.h -- RegionWeights: which share of a region's clients each of its nodes should take in.
//
// Drift plus penalty over the nodes' CPU (sched/last_mile.h), a bounded step a round. A node whose CPU is not known
// keeps its share; one that is drained or withdrawn takes nobody in at once. When a node comes into use, its region
// begins with equal shares again: who has no share cannot show that it has room.
//
// Thread: one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/types.h"
#include "sched/last_mile.h"

namespace izar {

struct RegionMember {
    NodeId node = kNoNode;
    std::string region;
    bool usable = true;
    std::optional<double> cpu_percent;
};

class RegionWeights {
  public:
    // One round. Members that are not named any more are forgotten.
    void balance(const std::vector<RegionMember>& members);

    // In thousandths of its region's clients; 0: takes nobody in.
    std::uint32_t weight(NodeId node) const;

  private:
    struct Region {
        LastMile mile;
        std::map<NodeId, double> cpu;  // last known
        std::set<NodeId> usable;       // in the last round
    };
    std::map<std::string, Region> regions_;
    std::map<NodeId, std::uint32_t> weights_;
};

}  // namespace izar
