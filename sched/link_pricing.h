// link_pricing.h -- What each link of the mesh costs under the policy in force.
//
// Thread: pure functions.
#pragma once

#include "dataplane/base/types.h"
#include "sched/mesh.h"
#include "sched/policy.h"

namespace izar {

// Terms of the link's cost; total == kUnknownCost if it is not up. Where the rule needs the far node's load
// and a live feed does not tell it, the link counts as one that is held down: used where nothing else is left.
CostTerms price_link(const Mesh& mesh, const RoutingPolicy& policy, NodeSlot from, NodeSlot to, Instant now);

// Whether a new cost is worth planning for: it appears, disappears, or moves by 1/128 and 50 microseconds.
// What is compared with is what was last planned with, so that slow drift adds up until it counts.
bool is_news(Cost planned, Cost measured) noexcept;

}  // namespace izar
