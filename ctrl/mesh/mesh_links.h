// mesh_links.h -- What both ends of a summary must agree on: which node has which number in it, and what the columns of
// its tables say.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sched/feed.h"
#include "sched/summary/link_features.h"
#include "sched/summary/mesh_summary.h"
#include "sched/summary/summarize.h"

namespace izar {

// Of the nodes in order of id, whose places are their numbers in a summary. Sent with each summary, so that one that
// was made before nodes came or went is not read by other numbers (FNV-1a).
std::uint64_t nodes_digest(const std::vector<NodeId>& nodes);

// The link table has four columns: RTT in ms; loss of a round trip in thousandths, plus 1; variation of the RTT in ms,
// plus 1; used bandwidth in Mbit/s, plus 10, or 0 where it is not measured. The constants are what differences below
// say nothing. `path_eps` is the bound that paths get: RTT and loss are within half of it, variation and bandwidth,
// which no rule prices, within a quarter of their values. Links are needed or not by the cost that the rule rtt-loss of
// an unchanged RoutingPolicy gives them.
LinkFeatures no_links(std::size_t nodes, float path_eps);
// Puts what one end measured of a link, by the places of both ends; a link that is dead or was never measured is none.
void put_link(LinkFeatures& links, std::size_t from, std::size_t to, const FeedLink& link);
// Each end counts the loss of what it receives. Makes that of a round trip of both, once all links are put.
LinkFeatures with_both_ways(LinkFeatures links);

// The links of a summary, each a round old. Requires a summary of as many nodes, else there are none. One with a single
// column has costs in it, which stand for RTTs.
std::vector<FeedLink> links_of(const MeshSummary& summary, const std::vector<NodeId>& nodes);

// The node table has seven columns, each plus a constant below which differences say nothing: mean of the CPU in
// percent, its variance, the two virtual queues, used bandwidth of the uplink and its capacity (0: not known), both in
// Mbit/s, and at how many percent of its weight it gets new flows as an egress. A node without a load has unknown
// values. Excesses are not sent: they follow from the CPU of all nodes (virtual_queue.h).
NodeFeatures load_features(const std::map<NodeId, NodeLoad>& loads, const std::vector<NodeId>& nodes);
PartitionRule load_rule();

// The loads of a summary, each at most 5 % of value and constant above what was measured. Requires a summary of as many
// nodes, else there are none.
std::vector<FeedNode> loads_of(const MeshSummary& summary, const std::vector<NodeId>& nodes);

}  // namespace izar
