// policy_routes.h -- PolicyRoutes: what one routing policy makes of the mesh: prices, plan, destinations.
//
// Thread: the scheduler thread; time is a parameter. Several policies share one Mesh, each plans for itself: a link
// that
//         is dear to one may be the best of another.
#pragma once

#include <span>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/route_table.h"
#include "sched/mesh.h"
#include "sched/policy.h"
#include "sched/relay_gate.h"
#include "sched/route_planner.h"

namespace izar {

// What all policies plan with.
struct PlanContext {
    const Mesh& mesh;
    const Fleet& fleet;
    std::uint16_t overlay_mtu;  // bytes of an IP packet on the overlay's port
    Instant now;
};

class PolicyRoutes {
  public:
    static constexpr std::size_t kDestinationsARound = 8;  // whose predicted RTT is refreshed
    static constexpr Nanos kGateInterval = std::chrono::seconds{5};

    // Routes in use stay in use until the next plan. Relays that were left stay left unless the policy caps them
    // otherwise than before.
    void set_policy(const RoutingPolicy& policy);
    // Keeps the routes of nodes that have the slot they had in `old` (null: there was no fleet).
    void set_fleet(const Fleet& fleet, const Fleet* old);

    void price_all(const PlanContext& context);
    // Prices what depends on the loads of nodes: which may relay, and by the rule lyapunov every link.
    void take_loads(const PlanContext& context);
    void price(std::span<const LinkChange> changes, const PlanContext& context);
    // The next plan builds every destination, because what links carry changed.
    void build_all() noexcept { build_all_ = true; }
    // Plans and builds the destinations. Returns whether any has another path of any kind now.
    bool plan(const PlanContext& context);

    // This policy's part of the table.
    void write_to(RouteTable& table, PolicyIndex index) const;

    const RoutingPolicy& policy() const noexcept { return policy_; }
    const RoutePlanner& planner() const noexcept { return planner_; }
    // Which nodes may relay, by slot; empty before anything was priced.
    const std::vector<bool>& relays() const noexcept { return relays_; }
    const RelayGate& gate(NodeSlot slot) const noexcept { return gates_[raw(slot)]; }
    // By slot: at how many percent of its weight that egress gets new flows; 0: at none.
    std::vector<std::uint32_t> egress_shares(const PlanContext& context) const;

  private:
    void set_relays(const PlanContext& context);
    void set_price(NodeSlot from, NodeSlot to, const PlanContext& context);
    void build(std::span<const NodeSlot> replanned, const PlanContext& context);

    RoutingPolicy policy_;
    RoutePlanner planner_;
    std::vector<RelayGate> gates_;           // by slot
    Instant gates_at_{};                     // when they were last told how much nodes are used
    std::vector<bool> relays_;               // that may relay, by slot
    std::vector<Destination> destinations_;  // by slot, as the next table will have them
    std::size_t next_destination_ = 0;       // to have its predicted RTT refreshed
    bool build_all_ = true;                  // every destination may have changed
};

}  // namespace izar
