// region_weights.h -- RegionWeights: which share of a region's clients each of its nodes should take in.
//
// Drift plus penalty over the nodes' CPU (sched/last_mile.h), a bounded step a round. A node whose CPU is not known
// keeps its share; one that is drained or withdrawn takes nobody in at once. When a node comes into use, its region
// begins with equal shares again: who has no share cannot show that it has room.
//
// A node's CPU is a mean over several rounds and so tells late what a new share does. What a share costs is taken from
// the mean of the shares of the same rounds, and what the node will do with its share of now follows from that: without
// it, shares near the target swing from end to end for ever (region_weights_hours_test.cc).
//
// Thread: one: the region's master.
#pragma once

#include <deque>
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
    std::optional<double> cpu_percent;  // mean of the last RegionWeights::kRounds rounds
};

class RegionWeights {
  public:
    static constexpr std::size_t kRounds = 10;

    // Shares stay; the next round goes by the new policy.
    void set_policy(const LastMilePolicy& policy) { policy_ = policy; }
    // Goes on from what a master before this one left, in thousandths. Before the first round.
    void start_from(const std::vector<RegionMember>& members, const std::map<NodeId, std::uint32_t>& weights);
    // One round. Members that are not named any more are forgotten.
    void balance(const std::vector<RegionMember>& members);

    // In thousandths of its region's clients; 0: takes nobody in.
    std::uint32_t weight(NodeId node) const;

  private:
    struct Region;
    MileNode expected(Region& region, const RegionMember& member) const;

    struct Region {
        LastMile mile;
        std::map<NodeId, double> cpu;                 // last known
        std::map<NodeId, std::deque<double>> shares;  // in the last kRounds rounds
        std::set<NodeId> usable;                      // in the last round
    };
    LastMilePolicy policy_;
    std::map<std::string, Region> regions_;
    std::map<NodeId, std::uint32_t> weights_;
};

}  // namespace izar
