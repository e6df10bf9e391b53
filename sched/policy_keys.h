// policy_keys.h -- The keys of routing-policy.yaml: what reads it, overrides it by variables, prints it and documents
// it.
//
// Thread: values only.
#pragma once

#include <string_view>
#include <vector>

#include "dataplane/config/config_keys.h"
#include "sched/policy.h"
#include "sched/policy_file.h"

namespace izar {

// Bound to both, which must outlive them. Where they read, `policies.list` is empty before.
std::vector<ConfigKey> policy_keys(RoutingPolicies& policies, const PolicyFileContext& context);

// The keys of the maps that stand in its lists, and of the maps in those.
std::vector<ConfigItem> policy_items();

}  // namespace izar
