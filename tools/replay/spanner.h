// spanner.h -- The per-link rule, for comparison: a link is left out if kept links give a path of at most two
// relays that is within (1 + eps) of it. It bounds each link; a path of three links it bounds badly.
//
// Thread: pure function.
#pragma once

#include <vector>

#include "sched/matrix.h"
#include "sched/summary/prune.h"

namespace izar {

// Ordered; in a symmetric mesh each pair once.
std::vector<LinkIndex> spanner_links(const RttMatrix& direct, float eps);

}  // namespace izar
