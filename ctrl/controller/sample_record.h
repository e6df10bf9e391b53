// sample_record.h -- Measurements of agents as the rows of the store's tables.
//
// Thread: pure functions.
#pragma once

#include <map>
#include <vector>

#include "ctrl/store/records.h"
#include "dataplane/tables/fleet.h"
#include "sched/feed.h"

namespace izar {

namespace control {
class SystemSample;
}

// Percentages are computed here; texts are cut to what a column holds.
SystemInfo sample_record(const control::SystemSample& sample, const IpAddress& address, WallTime now);

// One row a measured link between known nodes.
std::vector<LinkMetric> link_metrics(const std::map<NodeId, std::map<NodeId, FeedLink>>& rows,
                                     const std::map<NodeId, FleetNode>& nodes, WallTime now);

}  // namespace izar
