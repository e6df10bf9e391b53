// policy_text.h -- The lists of routing-policy.yaml as a ConfigKey shows them.
//
// Thread: values only.
#pragma once

#include <string>

#include "sched/policy.h"

namespace izar {

// Every value of each policy, defaults included, but for what means nothing with its rule or stands for "no limit".
std::string policies_text(const RoutingPolicies& policies);
std::string prices_text(const RoutingPolicies& policies);

}  // namespace izar
