#include "tools/edge/edge_policies.h"

#include "sched/policy_file.h"

namespace izar {

Result<RoutingPolicies> read_policies(const EdgeConfig& config) {
    PolicyFileContext context;
    context.margins = {config.hysteresis.absolute, config.hysteresis.relative};
    if (config.policy_file.empty()) {
        RoutingPolicies policies;
        policies.list.front().margins = context.margins;
        return policies;
    }
    for (const FleetNode& node : config.nodes) {
        context.known.nodes.emplace_back(node.name);
        if (node.region[0] != '\0') {
            context.known.regions.emplace_back(node.region);
        }
    }
    for (const Service& service : config.services) {
        context.known.services.emplace_back(service.name);
    }
    return load_routing_policy(config.policy_file, context);
}

}  // namespace izar
