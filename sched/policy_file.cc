#include "sched/policy_file.h"

#include <fmt/format.h>

#include "dataplane/config/config_keys.h"
#include "sched/policy_keys.h"

namespace izar {

std::string_view policy_variable(std::span<const std::string> environment) {
    for (const std::string_view variable : environment) {
        if (variable.starts_with(kPolicyPrefix)) {
            return variable.substr(0, variable.find('='));
        }
    }
    return {};
}

Result<void> refuse_policy_variables(std::span<const std::string> environment, std::string_view named_by) {
    const std::string_view variable = policy_variable(environment);
    if (variable.empty()) {
        return {};
    }
    return fail(
        fmt::format("environment: {} stands in place of a key of routing-policy.yaml, and there is none; name one "
                    "with {}, or unset it",
                    variable, named_by));
}

Result<RoutingPolicies> parse_routing_policy(const std::string& text, const std::string& file_name,
                                             const PolicyFileContext& context,
                                             std::span<const std::string> environment) {
    RoutingPolicies policies;
    policies.list.clear();
    if (auto read = read_config(policy_keys(policies, context), text, file_name, environment, kPolicyPrefix); !read) {
        return tl::unexpected(read.error());
    }
    return policies;
}

Result<RoutingPolicies> load_routing_policy(const std::string& path, const PolicyFileContext& context,
                                            std::span<const std::string> environment) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_routing_policy(*text, path, context, environment);
}

std::string routing_policy_text(RoutingPolicies policies) {
    const PolicyFileContext context;
    return config_text(policy_keys(policies, context));
}

}  // namespace izar
