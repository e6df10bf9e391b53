// partition.h -- Which items of a group say something of their own, and which the group can speak for.
//
// Items of one group (links between two regions, nodes of one class) are points in the space of their features.
// An item is singular if its k nearest neighbours are far: farther than the median of those distances by `mads`
// median absolute deviations. Singular items travel as they are; for the others one value per feature is sent,
// from the median of the ones that are not singular. That alone bounds nothing, so an item that this value
// misses by more than `eps` is made singular, too. A group without outliers is then the cheapest case.
//
// Features are compared in octaves (log2): a link of 10 ms and one of 11 ms differ as one of 100 and one of 110.
//
// Thread: pure functions.
// Costs:  neighbours come from a k-d tree (nanoflann), or from all pairs below kBruteForceBelow items, where that
//         is faster. Links with one feature, of which there are most, have a path of their own: link_partition.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sched/summary/quantizer.h"

namespace izar {

struct PartitionRule {
    std::size_t neighbours = 4;
    float mads = 3.5F;
    float eps = 0.02F;  // a represented item's value is within [value of the group / (1 + eps), value of the group]
    std::span<const float> eps_of = {};  // by feature, instead of one for all
    float eps_for(std::size_t feature) const noexcept { return eps_of.empty() ? eps : eps_of[feature]; }
};

// Measured (k = 4): all pairs and the tree cross at 30 items with two features, 45 with three, 64 with four; at 96
// items the tree is 2 to 3 times as fast.
inline constexpr std::size_t kBruteForceBelow = 40;

enum class NeighbourSearch { automatic, all_pairs, tree };

// Distance of every point to the k-th nearest other one; all points where there are fewer. `points` is
// [item][feature].
std::vector<float> neighbour_distances(std::span<const float> points, std::size_t features, std::size_t k,
                                       NeighbourSearch search = NeighbourSearch::automatic);

// The code that stands longest for a value that moves: its window, [decoded / (1 + eps), decoded], has the value in the
// middle. Requires eps >= the quantizer's relative error.
Code central_code(float median, const Quantizer& quantizer, float eps);

struct Partition {
    std::vector<Code> group;             // by feature; kUnknownCode: the group speaks for nobody
    std::vector<std::uint8_t> singular;  // by item
};

// `values` is [item][feature]. An item with an unknown value is singular.
Partition partition_items(std::span<const float> values, std::span<const Quantizer> quantizers,
                          const PartitionRule& rule);

}  // namespace izar
