// edge_policies.h -- The routing policies of a node without controller: those of the file that edge.yaml names.
//
// Thread: main, at start.
#pragma once

#include "dataplane/config/edge_config.h"
#include "sched/policy.h"

namespace izar {

// Without a file, one policy with the hysteresis of edge.yaml. Names in the file must be in edge.yaml.
Result<RoutingPolicies> read_policies(const EdgeConfig& config);

}  // namespace izar
