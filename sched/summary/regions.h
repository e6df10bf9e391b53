// regions.h -- Regions found from the RTTs alone, where nobody has named them.
//
// k medoids: the first is the node nearest to all, each next one the node farthest from those chosen; every node
// belongs to its nearest medoid; then medoids move to the middle of their regions and nodes follow, a few rounds.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/matrix.h"

namespace izar {

// Region of every node, 0 .. fewer than min(regions, kMaxGroups); regions are numbered without gaps.
std::vector<std::uint8_t> find_regions(const RttMatrix& matrix, std::size_t regions);

// A number of regions that pays: the table of pairs stays small against the links.
std::size_t usual_regions(std::size_t nodes);

}  // namespace izar
