// edge_policies.h -- The routing policies of a node without controller: those of the file that edge.yaml names.
//
// Thread: main, at start.
#pragma once

#include <span>
#include <string>

#include "dataplane/config/edge_config.h"
#include "sched/policy.h"

namespace izar {

// Without a file, one policy with the hysteresis of edge.yaml, and no variables. Names in the file must be in
// edge.yaml. `environment`: "NAME=value" each, of which those of the policy stand in place of the file's keys.
Result<RoutingPolicies> read_policies(const EdgeConfig& config, std::span<const std::string> environment);

}  // namespace izar
