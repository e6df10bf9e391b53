#include "sched/policy_text.h"

#include <fmt/format.h>

#include "dataplane/config/config_keys.h"
#include "dataplane/config/duration.h"

namespace izar {
namespace {

// What a file has no word for, so that no value of it is the same.
const RelayCaps kNoCaps;

std::string relays_text(const RelayCaps& caps) {
    std::string out = fmt::format("max_cost: {}, max_cpu_percent: {}", duration_text(caps.path_cost), caps.cpu_percent);
    if (caps.price != kNoCaps.price) {
        out += fmt::format(", max_price_per_gb: {}", caps.price);
    }
    if (caps.bandwidth_percent != kNoCaps.bandwidth_percent) {
        out += fmt::format(", max_bandwidth_percent: {}", caps.bandwidth_percent);
    }
    return out;
}

std::vector<std::string> services_of(const RoutingPolicies& policies, PolicyIndex index) {
    std::vector<std::string> out;
    for (const auto& [service, followed] : policies.of_service) {
        if (followed == index) {
            out.push_back(service);
        }
    }
    return out;
}

std::string policy_text(const RoutingPolicy& policy, const std::vector<std::string>& services) {
    std::string out = fmt::format("  - name: {}\n    rule: {}\n", yaml_quoted(policy.name), name_of(policy.rule));
    if (policy.rule != CostRule::rtt) {
        out += fmt::format("    loss_delay: {}\n", duration_text(policy.loss_delay));
    }
    if (policy.rule == CostRule::lyapunov) {
        out += fmt::format("    weights: {{delay: {}, cpu_mean: {}, cpu_variance: {}}}\n", policy.delay_weight,
                           policy.mean_weight, policy.variance_weight);
    }
    out += fmt::format("    margins: {{absolute: {}, relative: {}}}\n", duration_text(policy.margins.absolute),
                       policy.margins.relative);
    if (policy.spread) {
        out += fmt::format("    spread: {}\n", policy.spread_margin);
    }
    return out + fmt::format("    relays: {{{}}}\n    forbidden: {{nodes: {}, regions: {}}}\n    services: {}",
                             relays_text(policy.caps), yaml_list(policy.forbidden_nodes),
                             yaml_list(policy.forbidden_regions), yaml_list(services));
}

std::string price_text(std::string_view what, const PriceList& prices) {
    std::string out;
    for (const auto& [name, price] : prices) {
        out += fmt::format("\n  - {{{}: {}, price: {}}}", what, yaml_quoted(name), price);
    }
    return out;
}

}  // namespace

std::string policies_text(const RoutingPolicies& policies) {
    std::string out;
    for (std::size_t i = 0; i < policies.list.size(); ++i) {
        const PolicyIndex index{static_cast<std::uint8_t>(i)};
        out += fmt::format("\n{}", policy_text(policies.list[i], services_of(policies, index)));
    }
    return out.empty() ? "[]" : out;
}

// The reader gives them to every policy alike.
std::string prices_text(const RoutingPolicies& policies) {
    if (policies.list.empty()) {
        return "[]";
    }
    const RoutingPolicy& any = policies.list.front();
    const std::string out = price_text("node", any.node_prices) + price_text("region", any.region_prices);
    return out.empty() ? "[]" : out;
}

}  // namespace izar
