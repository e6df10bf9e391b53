#include "tools/edge/edge_policies.h"

#include "sched/policy_file.h"

namespace izar {

Result<RoutingPolicies> read_policies(const EdgeConfig& config, std::span<const std::string> environment) {
    PolicyFileContext context;
    context.margins = {config.hysteresis.absolute, config.hysteresis.relative};
    if (config.policy_file.empty()) {
        if (auto none = refuse_policy_variables(environment, "'policy' in edge.yaml"); !none) {
            return tl::unexpected(none.error());
        }
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
    return load_routing_policy(config.policy_file, context, environment);
}

}  // namespace izar
