// table_builder.h -- From planned routes to what the lcores read: RouteTable, service choice tables, own row.
//
// Thread: the scheduler thread. Pure functions of their arguments; the caches only save time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/published.h"
#include "dataplane/tables/route_table.h"
#include "dataplane/tables/service_table.h"
#include "sched/mesh.h"
#include "sched/policy.h"
#include "sched/route_planner.h"

namespace izar {

// What a path needs to become a dataplane Path.
struct PathContext {
    const Fleet& fleet;
    const Mesh& mesh;
    std::uint16_t overlay_mtu;  // bytes of an IP packet on the overlay's port
    double spread_margin;       // paths this much dearer than the primary carry flows too; negative: none does
    Instant now;
};

// A path of length 0 if `path` does not exist.
Path build_path(const PathContext& context, NodeSlot to, const RelayPath& path);

// path[0] is the primary, path[1] the backup, then the near-equal ones and the former primary.
Destination build_destination(const PathContext& context, NodeSlot to, const PlannedRoute& route);

// At how many percent of their weights egress nodes get new flows, by policy and slot; 0: at none.
using EgressShares = std::vector<std::vector<std::uint32_t>>;

// Services with their policies and choice tables: egress nodes that cannot be reached, or that the service's policy
// forbids, get no new flows. Tables of equal members are shared.
class ServiceBuilder {
  public:
    // `shares` has an entry for each policy. Egress nodes that are not in the fleet get no flows.
    std::shared_ptr<const ServiceTable> build(const ServiceTable& wanted, const Fleet& fleet,
                                              const RoutingPolicies& policies, const EgressShares& shares);

  private:
    using Members = std::vector<std::pair<std::uint64_t, std::uint32_t>>;  // identity, weight
    std::shared_ptr<const MaglevTable> choice(const Members& members);
    std::map<Members, std::weak_ptr<const MaglevTable>> tables_;
};

// This node's row as keep-alives tell it, a part each where it is long. Links that were never measured are not in it.
std::vector<RowItem> build_own_row(const Mesh& mesh, const Fleet& fleet, Instant now);

// Whether peers would judge differently by the new row: a link went up or down, its MTU changed, or an RTT moved by 2 %
// and 100 microseconds, or a loss by half a percent.
bool rows_differ(const std::vector<RowItem>& old_row, const std::vector<RowItem>& new_row);

}  // namespace izar
