// mesh_links.h -- What both ends of a summary must agree on: which node has which number in it.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/feed.h"
#include "sched/summary/mesh_summary.h"

namespace izar {

// Of the nodes in order of id, whose places are their numbers in a summary. Sent with each summary, so that one that
// was made before nodes came or went is not read by other numbers (FNV-1a).
std::uint64_t nodes_digest(const std::vector<NodeId>& nodes);

// The links of a summary. Requires a summary of as many nodes, else there are none.
std::vector<FeedLink> links_of(const MeshSummary& summary, const std::vector<NodeId>& nodes);

}  // namespace izar
