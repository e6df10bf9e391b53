// route_planner.h -- RoutePlanner: from link costs to the path and backup in use for every destination.
//
// Thread: one thread (in izar-edge the scheduler thread); time is a parameter.
//
// After a few changed links plan() looks again only at the destinations that they can concern, after many at all. Both
// give the same routes (a property test says so).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/base/types.h"
#include "sched/cost_matrix.h"
#include "sched/hysteresis.h"
#include "sched/mesh.h"
#include "sched/path_search.h"
#include "sched/policy.h"

namespace izar {

inline constexpr std::size_t kMaxSpread = kMaxPaths - 2;  // near-equal paths besides primary and backup

struct PlannedRoute {
    RelayPath primary;                         // in use
    RelayPath backup;                          // when the primary's first link is down
    RelayPath former;                          // primary before, while usable: flows leave it at a flowlet gap
    RelayPath best;                            // what would be in use without hysteresis
    std::array<RelayPath, kMaxSpread> spread;  // near-equal ones, if the policy spreads
    PathReason why = PathReason::unreachable;
    Instant since{};             // when the primary was taken
    std::uint32_t switches = 0;  // times another primary was taken
    FlapDamper damper;
};

class RoutePlanner {
  public:
    // Above this many changed links at once everything is planned again.
    static constexpr std::size_t kFewChanges = 16;

    // Starts over with all links unknown. Routes of destinations up to the smaller number of nodes are kept.
    void reset(std::size_t nodes, NodeSlot self);
    void set_policy(const RoutingPolicy& policy);
    void set_relays(std::vector<bool> allowed);  // by slot
    void forget(NodeSlot node);                  // another node has this slot now

    void set_cost(NodeSlot from, NodeSlot to, Cost cost);
    Cost cost(NodeSlot from, NodeSlot to) const noexcept { return costs_->at(from, to); }
    const CostMatrix& costs() const noexcept { return *costs_; }

    // Applies what changed. Returns the destinations that have another path of any kind now; valid until the next
    // call.
    std::span<const NodeSlot> plan(Instant now);

    std::size_t looked_at() const noexcept { return looked_at_; }  // destinations, by the last plan()

    std::size_t nodes() const noexcept { return routes_.size(); }
    const PlannedRoute& route(NodeSlot to) const { return routes_[raw(to)]; }
    const PathSearch& search() const { return *search_; }

  private:
    template <typename Gone>
    void forget_relays(Gone gone);
    void note_change(NodeSlot from, NodeSlot to);
    void spread_better_ways();
    void forget_changes();
    bool costs_otherwise(NodeSlot to, const RelayPath& path) const;
    bool is_concerned(NodeSlot to) const;
    bool plan_route(NodeSlot to, Instant now);
    bool within_cap(const RelayPath& path) const noexcept;
    RelayPath best_allowed(NodeSlot to) const;
    void keep_former(NodeSlot to, PlannedRoute& route) const;
    void plan_spread(NodeSlot to, PlannedRoute& route) const;

    RoutingPolicy policy_;
    std::unique_ptr<CostMatrix> costs_ = std::make_unique<CostMatrix>();
    std::unique_ptr<PathSearch> search_;
    std::vector<PlannedRoute> routes_;      // by slot; that of self stays empty
    std::vector<NodeSlot> changed_;         // far ends of links that changed since the last plan, at most kFewChanges
    std::vector<std::uint8_t> is_changed_;  // by slot: whether it is one of them
    std::vector<NodeSlot> better_relays_;   // to which there are better ways since the last plan
    std::vector<Cost> better_way_;          // by slot: the best of them to that relay; unknown elsewhere
    std::vector<Cost> better_path_;         // by slot: no path over a better way is cheaper; of the plan being made
    std::vector<NodeSlot> replanned_;
    std::size_t looked_at_ = 0;
    bool plan_all_ = true;
};

}  // namespace izar
