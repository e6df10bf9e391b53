// link_partition.h -- The partition of all links by RTT alone, region pair by region pair, as a stream.
//
// With one feature the k nearest neighbours of an item are found in a histogram of quantized values, in time
// linear in the items and without keeping them: rows are read twice, once to count and once to list what is
// singular. So 10,000 nodes (10^8 links) need memory for one region's histograms and for what will be sent.
//
// Thread: pure functions; the source is called in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sched/summary/mesh_summary.h"
#include "sched/summary/partition.h"

namespace izar {

// Fills one row of the mesh: RTT in ms from a node to every node, kUnknownRtt where there is none. Must give the
// same row each time.
using RowSource = std::function<void(std::size_t from, std::span<float> row)>;

// How a histogram's items part. `counts` is by code of a Quantizer(kHistogramBits).
inline constexpr int kHistogramBits = 8;
struct CodePartition {
    float median = kUnknownRtt;          // of the items that are not singular; unknown if there are none
    std::vector<std::uint8_t> singular;  // by code
};
CodePartition partition_counts(std::span<const std::uint32_t> counts, const PartitionRule& rule);

// Fills `summary.links`: one column, groups with their values, singular items. Nodes, symmetry and regions are
// given in `summary`; so is the precision, links.fraction_bits[0].
// Ensures: every link reads back as >= its RTT and <= (1 + the larger of rule.eps and the step) times it.
void partition_links(MeshSummary& summary, const RowSource& source, const PartitionRule& rule);

}  // namespace izar
