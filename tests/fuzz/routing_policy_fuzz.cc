// routing_policy_fuzz.cc -- routing-policy.yaml from a stranger: every text ends in policies that keep the limits the
// scheduler relies on and that read back as they are shown, or in an error that names the file.
#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/base/check.h"
#include "sched/policy_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto policies = izar::parse_routing_policy(text, "fuzz.yaml");
    if (!policies) {
        CHECK(policies.error().text.starts_with("fuzz.yaml:"));
        return 0;
    }
    CHECK(!policies->list.empty() && policies->list.size() <= izar::kMaxPolicies);
    CHECK(policies->last_mile.target_cpu > 0 && policies->last_mile.target_cpu <= 100);
    CHECK(policies->last_mile.most_moved_percent > 0 && policies->last_mile.most_moved_percent <= 50);
    for (const auto& [service, index] : policies->of_service) {
        CHECK(izar::raw(index) < policies->list.size() && policies->index_of(service) == index);
    }
    for (const izar::RoutingPolicy& policy : policies->list) {
        CHECK(!policy.name.empty() && policy.spread_margin >= 0 && policy.margins.relative < 1);
        const izar::Cost cost = izar::link_cost(policy, {.rtt = std::chrono::milliseconds{10}, .loss = 0.5}).total;
        CHECK(cost >= izar::kLeastCost && cost <= izar::kWorstCost);
    }
    const auto again = izar::parse_routing_policy(izar::routing_policy_text(*policies), "shown.yaml");
    CHECK(again && *again == *policies);
    return 0;
}
