// mesh_links.h -- What both ends of a summary must agree on: which node has which number in it, and what its node table
// says.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sched/feed.h"
#include "sched/summary/mesh_summary.h"
#include "sched/summary/summarize.h"

namespace izar {

// Of the nodes in order of id, whose places are their numbers in a summary. Sent with each summary, so that one that
// was made before nodes came or went is not read by other numbers (FNV-1a).
std::uint64_t nodes_digest(const std::vector<NodeId>& nodes);

// The links of a summary. Requires a summary of as many nodes, else there are none.
std::vector<FeedLink> links_of(const MeshSummary& summary, const std::vector<NodeId>& nodes);

// The node table has four columns, each plus a constant below which differences say nothing: mean of the CPU in
// percent, its variance, and the two virtual queues. A node without a load has unknown values. Excesses are not sent:
// they follow from the CPU of all nodes (virtual_queue.h).
NodeFeatures load_features(const std::map<NodeId, NodeLoad>& loads, const std::vector<NodeId>& nodes);
PartitionRule load_rule();

// The loads of a summary, each at most 5 % of value and constant above what was measured. Requires a summary of as many
// nodes, else there are none.
std::vector<FeedNode> loads_of(const MeshSummary& summary, const std::vector<NodeId>& nodes);

}  // namespace izar
