// path_search.h -- PathSearch: best, backup and k best loopless paths of at most two relays from one node.
//
// Thread: one thread (in izar-edge the scheduler thread); no I/O, no clock.
//
// A path self -> m -> k -> d is found in two steps. For every k, the kFirstHops best ways to reach it over at
// most one relay m are kept ("first hops", updated when links change). For a destination d, the least
// over k of (first hop to k + link k->d) is then one pass over N nodes. Excluding a node only means taking a
// later first hop, so backups are exact at the same price. Costs are positive, so a loop is never the least.
//
// A first hop that got dearer is moved down its list, or taken out; the list stays exact as far as it reaches then, and
// is made anew by a pass over all nodes when it has become too short.
//
// 1,024 nodes: rebuild() 0.2 ms, best() 0.1 us, best_avoiding() 0.5 us (perf/paths_bench.cc).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "sched/cost_matrix.h"
#include "sched/path_kernels.h"

namespace izar {

inline constexpr std::size_t kMaxRelays = kMaxSegments - 1;

// A path from the searching node to a destination that its context names.
struct RelayPath {
    std::array<NodeSlot, kMaxRelays> relay{kNoSlot, kNoSlot};  // in order, kNoSlot-padded at the end
    Cost cost = kUnknownCost;                                  // kUnknownCost: there is no such path

    bool exists() const noexcept { return cost < kUnknownCost; }
    std::size_t relays() const noexcept { return (relay[0] != kNoSlot ? 1u : 0u) + (relay[1] != kNoSlot ? 1u : 0u); }
    bool same_way(const RelayPath& other) const noexcept { return relay == other.relay; }
    // The node after the searching one.
    NodeSlot first_hop(NodeSlot destination) const noexcept { return relay[0] != kNoSlot ? relay[0] : destination; }
    // The node before the destination.
    NodeSlot last_hop(NodeSlot self) const noexcept {
        return relay[1] != kNoSlot ? relay[1] : (relay[0] != kNoSlot ? relay[0] : self);
    }
};

// A node that can be reached for `cost` now, over a first hop that was dearer before.
struct BetterWay {
    NodeSlot relay = kNoSlot;
    Cost cost = kUnknownCost;
};

class PathSearch {
  public:
    // `costs` must outlive the search and must have a link from or to `self` for every slot < nodes().
    PathSearch(const CostMatrix& costs, NodeSlot self, const PathKernels& kernels = best_path_kernels());

    NodeSlot self() const noexcept { return self_; }

    // Which nodes may relay, by slot; all may at first. Takes effect with the next rebuild().
    void set_relays(std::vector<bool> allowed);

    // Whether k_best() is to be exact after link_changed(), which then has more to do; it is at first. Takes effect
    // with the next rebuild().
    void set_ranking(bool wanted) noexcept { ranking_ = wanted; }

    // Reads the whole matrix again.
    void rebuild();

    // Call after each change of one link in the matrix. Returns the relays to which there are better ways now:
    // besides paths over the link itself, which may cost something else, only paths from one of them on, and the
    // direct one if the link is that, can be better than before. Valid until the next call.
    std::span<const BetterWay> link_changed(NodeSlot from, NodeSlot to);

    // The cheapest path; of two equal ones the direct one.
    RelayPath best(NodeSlot to) const;

    // A backup for `primary`: shares no relay with it; if there is none, no link; if there is none, at least
    // not its first link, which is where a node notices a failure itself.
    RelayPath best_avoiding(NodeSlot to, const RelayPath& primary) const;

    // Up to `count` different paths (1..kMaxPaths), cheapest first. Requires the ranking, if a link changed.
    std::vector<RelayPath> k_best(NodeSlot to, std::size_t count) const;

    // What the path costs by the matrix as it is now; unknown if one of its relays may not relay.
    Cost cost(NodeSlot to, const RelayPath& path) const noexcept;

  private:
    using FirstHops = std::array<TaggedCost, kFirstHops>;  // tagged with m; self: the link self->k itself

    // Ranks that the list of a relay must have at least: backups avoid up to three nodes.
    std::size_t least_known() const noexcept { return ranking_ ? kFirstHops : 4; }
    FirstHops find_first_hops(NodeSlot to) const;
    void store_first_hops(NodeSlot to, const FirstHops& hops, std::size_t known);
    void set_row(NodeSlot to);
    bool is_first_hop(NodeSlot relay, NodeSlot first) const noexcept;
    void look_again(NodeSlot relay);
    void move_first_hop(NodeSlot relay, TaggedCost offer);
    void own_link_changed(NodeSlot to);
    template <typename Visit>
    void visit_paths(NodeSlot to, Visit visit) const;
    RelayPath path_over(NodeSlot last_relay, TaggedCost first_hop, NodeSlot to) const noexcept;
    Cost direct_cost(NodeSlot to) const noexcept { return costs_.at(self_, to); }

    const CostMatrix& costs_;
    NodeSlot self_;
    const PathKernels& kernels_;
    std::vector<bool> may_relay_;
    std::vector<TaggedCost> row_;                           // own links to nodes that may relay, tagged with them
    std::array<std::vector<TaggedCost>, kFirstHops> hops_;  // by rank, then by k; unknown where k may not relay
    std::vector<std::uint8_t> known_;                       // by k: so many of its ranks are exact, the rest unknown
    std::vector<TaggedCost> through_;                       // hops_[0], tagged with k instead of m
    bool ranking_ = true;
    std::vector<BetterWay> better_;
};

}  // namespace izar
