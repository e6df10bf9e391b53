// route.h -- Which path a flow's packet takes now: the route table, the link-down flags and the flow's own
// path, so that a flow moves only at a flowlet gap.
//
// Thread: one lcore. Source of the flowlet rule: Kandula et al., "Dynamic Load Balancing Without Packet
// Reordering", CCR 2007: a gap longer than the difference of the paths' delays cannot reorder.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/flow/flow_time.h"
#include "dataplane/links/shared_links.h"
#include "dataplane/tables/route_table.h"

namespace izar {

inline constexpr Nanos kLongestFlowletWait = std::chrono::milliseconds{300};

// The path that the table and the link states give to new packets with this hash; nullptr if none is usable.
const Path* usable_path(const Destination& destination, const SharedLinks& links, std::uint64_t hash) noexcept;

// A path for the second copy of a packet that takes `first`: another first link that is up, and no relay in common if
// the table has such a one; nullptr if there is none.
const Path* second_path(const Destination& destination, const SharedLinks& links, const Path& first) noexcept;

// The path a flow used last, and since when a better one waits.
struct FlowPath {
    std::array<NodeId, kMaxSegments> segments{};
    bool waits = false;
    FlowTime since{};
};

// Whether a packet that comes `gap` after the flow's last one moves to `better`, whose segments differ from
// `current`'s. At once if the table no longer holds the current path, because then it is dead; else at a
// flowlet gap. Starts the wait if it stays.
bool moves(FlowPath& current, const Path& better, const Destination& destination, const SharedLinks& links, Nanos gap,
           FlowTime now) noexcept;

}  // namespace izar
