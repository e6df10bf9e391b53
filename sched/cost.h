// cost.h -- Cost: what sending over a link or path costs, as the delay it is worth, in microseconds.
//
// Thread: values only.
//
// A cost is an integer of 21 bits, so that the sum of two and the index of one of kMaxNodes nodes fit in one
// 32-bit word: the search for the least sum then finds the relay too, with two vector instructions a lane
// (path_kernels.h), and ties always go to the lowest index. A path of 2.1 s or more counts as no path.
#pragma once

#include <cstdint>

#include "dataplane/base/limits.h"

namespace izar {

using Cost = std::uint32_t;

inline constexpr unsigned kCostBits = 21;
inline constexpr unsigned kIndexBits = 10;
inline constexpr Cost kUnknownCost = (Cost{1} << kCostBits) - 1;  // down, withdrawn or never measured: never chosen
inline constexpr Cost kWorstCost = kUnknownCost - 1;              // the worst that is still chosen if nothing else is
inline constexpr Cost kLeastCost = 1;                             // links are never free: this forbids loops

static_assert(kMaxNodes <= std::size_t{1} << kIndexBits);
static_assert(kCostBits + 1 + kIndexBits <= 32, "two costs and an index fit in 32 bits");

// Sum of two costs; unknown if either is, or if there is no such cost.
constexpr Cost add_costs(Cost a, Cost b) noexcept {
    return a + b < kUnknownCost ? a + b : kUnknownCost;
}

// A cost with the index of the node it leads through, ordered by cost, then index.
using TaggedCost = std::uint32_t;
inline constexpr TaggedCost kIndexMask = (TaggedCost{1} << kIndexBits) - 1;

constexpr TaggedCost tag_cost(Cost cost, std::size_t index) noexcept {
    return cost << kIndexBits | static_cast<TaggedCost>(index);
}
constexpr Cost cost_of(TaggedCost tagged) noexcept {
    return tagged >> kIndexBits;
}
constexpr std::size_t index_of(TaggedCost tagged) noexcept {
    return tagged & kIndexMask;
}

}  // namespace izar
