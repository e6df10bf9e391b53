// sample_record.h -- Measurements of agents as the rows of the store's tables.
//
// Thread: pure functions.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "ctrl/store/records.h"
#include "dataplane/tables/fleet.h"
#include "sched/feed.h"
#include "sched/policy.h"

namespace izar {

namespace control {
class SystemSample;
}

// Percentages are computed here; texts are cut to what a column holds.
SystemInfo sample_record(const control::SystemSample& sample, const IpAddress& address, WallTime now);

// One row a measured link between known nodes, with what its far end's CPU is like where that is known, and as C the
// capacity of its near end's uplink where that is configured.
std::vector<LinkMetric> link_metrics(std::span<const FeedLink> links, const std::map<NodeId, FleetNode>& nodes,
                                     const std::map<NodeId, NodeLoad>& loads, WallTime now);

// Those of the links that are known and dead.
std::vector<LinkEnds> dead_links(std::span<const FeedLink> links, const std::map<NodeId, FleetNode>& nodes);

}  // namespace izar
