// clairvoyant.h -- What a rule would do that knows all slices of a series beforehand: the bound of every rule that does
// not.
//
// Thread: pure functions. Units: ms.
#pragma once

#include <cstddef>
#include <vector>

#include "sched/matrix.h"

namespace izar {

// costs[slice][candidate]; every slice has the same candidates. Returns a candidate for each slice so that the sum of
// their costs and of `switch_cost` for each change between two slices is least.
std::vector<std::size_t> cheapest_course(const std::vector<std::vector<float>>& costs, float switch_cost);

// The same for one that knows, in each slice, only the next `foresight` slices beside it (0: none), and plans anew in
// the next one.
std::vector<std::size_t> course_with_foresight(const std::vector<std::vector<float>>& costs, float switch_cost,
                                               std::size_t foresight);

struct CourseFigures {
    double over_oracle = 0;  // ratio of the mean cost to that of the best path of each slice, less 1
    double switched = 0;     // share of pairs that switch from one slice to the next
};

inline constexpr std::size_t kAllSlices = static_cast<std::size_t>(-1);

// The courses of all pairs, with that much foresight. A pair's candidates are the direct link and whatever is its best
// path of at most two relays in some slice. Slices in which a pair has no direct link are left out of the costs, as
// replays do.
CourseFigures cheapest_courses(const std::vector<const RttMatrix*>& slices, float switch_cost,
                               std::size_t foresight = kAllSlices);

}  // namespace izar
