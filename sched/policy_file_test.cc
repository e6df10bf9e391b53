// Every key of routing-policy.yaml right once and wrong once.
#include "sched/policy_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "sched/testing/full_policy.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

const PolicyFileContext kContext{
    .known = {.nodes = {"ams", "nyc", "tyo"}, .regions = {"eu-west", "us-east"}, .services = {"web", "api", "dns"}},
    .margins = {.absolute = 7ms, .relative = 0.3}};

TEST(PolicyFile, ReadsEveryKey) {
    const auto policies = parse_routing_policy(kFullPolicy, "routing-policy.yaml", kContext);
    ASSERT_TRUE(policies.has_value()) << policies.error().text;
    ASSERT_EQ(policies->list.size(), 2u);
    const RoutingPolicy& fast = policies->list[0];
    EXPECT_EQ(fast.name, "fast");
    EXPECT_EQ(fast.rule, CostRule::lyapunov);
    EXPECT_EQ(fast.loss_delay, 500ms);
    EXPECT_EQ(fast.delay_weight, 2);
    EXPECT_EQ(fast.mean_weight, 0.5);
    EXPECT_EQ(fast.variance_weight, 0.25);
    EXPECT_EQ(fast.margins.absolute, 2ms);
    EXPECT_EQ(fast.margins.relative, 0.2);
    EXPECT_TRUE(fast.spread);
    EXPECT_EQ(fast.spread_margin, 0.1);
    EXPECT_EQ(fast.caps.path_cost, 800ms);
    EXPECT_EQ(fast.caps.cpu_percent, 85);
    EXPECT_EQ(fast.caps.price, 0.1);
    EXPECT_EQ(fast.caps.bandwidth_percent, 70);
    EXPECT_TRUE(fast.forbidden_nodes.empty());
    const RoutingPolicy& eu = policies->list[1];
    EXPECT_EQ(eu.rule, CostRule::rtt);
    EXPECT_FALSE(eu.spread);
    EXPECT_EQ(eu.margins.absolute, 7ms) << "the context's, where the file sets none";
    EXPECT_EQ(eu.forbidden_nodes, (std::vector<std::string>{"nyc", "tyo"}));
    EXPECT_EQ(eu.forbidden_regions, (std::vector<std::string>{"us-east"}));
    for (const RoutingPolicy& policy : policies->list) {
        EXPECT_EQ(policy.node_prices.at("tyo"), 0.09);
        EXPECT_EQ(policy.region_prices.at("us-east"), 0.02);
    }
    EXPECT_EQ(policies->last_mile, (LastMilePolicy{.target_cpu = 70, .most_moved_percent = 5}));
    EXPECT_EQ(policies->index_of("web"), PolicyIndex{1});
    EXPECT_EQ(policies->index_of("dns"), kDefaultPolicy);
}

TEST(PolicyFile, NamesPassWhereNobodyKnowsThem) {
    EXPECT_TRUE(parse_routing_policy("policies: [{name: a, forbidden: {nodes: [zrh]}, services: [mail]}]", "p"));
}

TEST(PolicyFile, AFileThatIsNotThereIsTold) {
    const auto policies = load_routing_policy("/nonexistent/routing-policy.yaml");
    ASSERT_FALSE(policies.has_value());
    EXPECT_EQ(policies.error().text,
              "/nonexistent/routing-policy.yaml: No such file or directory; give an existing file that may be read");
}

TEST(PolicyFile, IsReadFromDisk) {
    const std::string path = testing::TempDir() + "routing-policy.yaml";
    std::ofstream(path) << kFullPolicy;
    const auto policies = load_routing_policy(path, kContext);
    ASSERT_TRUE(policies.has_value()) << policies.error().text;
    EXPECT_EQ(policies->list[1].name, "eu-only");
}

// One mistake in the full file, and the lines that it must give.
struct Mistake {
    const char* from;
    const char* to;
    const char* error;
};

class PolicyFileMistake : public testing::TestWithParam<Mistake> {};

TEST_P(PolicyFileMistake, GivesPlaceAndAdvice) {
    std::string text = kFullPolicy;
    const auto at = text.find(GetParam().from);
    ASSERT_NE(at, std::string::npos) << GetParam().from;
    text.replace(at, std::string_view{GetParam().from}.size(), GetParam().to);
    const auto policies = parse_routing_policy(text, "rp.yaml", kContext);
    EXPECT_EQ(policies ? "" : policies.error().text, GetParam().error);
}

const Mistake kMistakes[] = {
    {"rule: lyapunov", "ruel: lyapunov",
     "rp.yaml:3:5: unknown key 'ruel' in policies[0]; did you mean 'rule'?\n"
     "rp.yaml:5:14: policies[0].weights: means nothing with rule rtt-loss; leave it out, or use rule lyapunov"},
    {"rule: lyapunov", "rule: fastest",
     "rp.yaml:3:11: policies[0].rule: 'fastest' is not one of: rtt, rtt-loss, lyapunov"},
    {"rule: rtt\n", "rule: rtt\n    loss_delay: 1s\n",
     "rp.yaml:11:17: policies[1].loss_delay: means nothing with rule rtt; leave it out, or use rule rtt-loss"},
    {"500ms", "11s", "rp.yaml:4:17: policies[0].loss_delay: '11s' is out of bounds; allowed are 0s to 10s"},
    {"cpu_mean: 0.5", "cpu_mean: -1",
     "rp.yaml:5:35: policies[0].weights.cpu_mean: '-1' is not a number from 0 to 1000000"},
    {"cpu_mean: 0.5", "cpu_men: 1",
     "rp.yaml:5:25: unknown key 'cpu_men' in policies[0].weights; did you mean 'cpu_mean'?"},
    {"relative: 0.2", "relative: 20%",
     "rp.yaml:6:40: policies[0].margins.relative: '20%' is not a number from 0 to 0.9"},
    {"spread: 0.1", "spread: yes", "rp.yaml:7:13: policies[0].spread: 'yes' is not a number from 0 to 1"},
    {"max_cost: 800ms", "max_cost: 3s",
     "rp.yaml:8:24: policies[0].relays.max_cost: '3s' is out of bounds; allowed are 1ms to 2s"},
    {"max_cpu_percent: 85", "max_cpu: 85",
     "rp.yaml:8:31: unknown key 'max_cpu' in policies[0].relays; did you mean 'max_cpu_percent'?"},
    {"max_bandwidth_percent: 70", "max_bandwidth_percent: 101",
     "rp.yaml:8:98: policies[0].relays.max_bandwidth_percent: '101' is not a number from 0 to 100"},
    {"- name: eu-only", "- name: fast",
     "rp.yaml:9:11: policies[1].name: 'fast' names another policy already; choose another name"},
    {"[nyc, tyo]", "[nyc, tio]",
     "rp.yaml:12:20: policies[1].forbidden.nodes[1]: 'tio' is no node here; did you mean 'tyo'?"},
    {"[nyc, tyo]", "[nyc, nyc]", "rp.yaml:12:20: policies[1].forbidden.nodes[1]: 'nyc' stands twice; keep one"},
    {"[us-east]", "[us_east]",
     "rp.yaml:13:17: policies[1].forbidden.regions[0]: 'us_east' is no region here; did you mean 'us-east'?"},
    {"[web, api]", "[web, everything-else]",
     "rp.yaml:14:21: policies[1].services[1]: 'everything-else' is no service here; check its spelling"},
    {"[web, api]", "[web, web]",
     "rp.yaml:14:21: policies[1].services[1]: 'web' has a policy already; a service follows one"},
    {"[web, api]", "web",
     "rp.yaml:14:15: policies[1].services: must be a list, not a single value; write [a, b] or lines that begin with "
     "'- '"},
    {"{node: tyo, price: 0.09}", "{node: tyo, region: us-east, price: 0.09}",
     "rp.yaml:16:5: prices_per_gb[0]: needs either 'node' or 'region'"},
    {"{node: tyo, price: 0.09}", "{node: tyo}",
     "rp.yaml:16:5: prices_per_gb[0] lacks the key 'price'; give it in currency per GB: 0.08"},
    {"{region: us-east, price: 0.02}", "{node: tyo, price: 0.02}",
     "rp.yaml:17:12: prices_per_gb[1].node: 'tyo' has a price already; keep one"},
    {"max_moved_percent: 5", "max_moved_percent: 0",
     "rp.yaml:18:56: last_mile.max_moved_percent: '0' is not a number from 1 to 50"},
    {"target_cpu_percent: 70", "target_cpu: 70",
     "rp.yaml:18:13: unknown key 'target_cpu' in last_mile; did you mean 'target_cpu_percent'?"},
    {"policies:\n", "policys:\n",
     "rp.yaml:1:1: unknown key 'policys' in the file; did you mean 'policies'?\n"
     "rp.yaml:1:1: the file lacks the key 'policies'; list at least one: policies: [{name: default}]"},
};
INSTANTIATE_TEST_SUITE_P(AllKeys, PolicyFileMistake, testing::ValuesIn(kMistakes));

TEST(PolicyFile, NeedsAPolicyAndTakesNoMoreThanTheTableHolds) {
    const auto none = parse_routing_policy("policies: []\n", "rp.yaml");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().text,
              "rp.yaml:1:11: policies: is empty; the first policy is that of all services that no other lists");
    std::string many = "policies:\n";
    for (std::size_t i = 0; i <= kMaxPolicies; ++i) {
        many += "  - {name: p" + std::to_string(i) + "}\n";
    }
    const auto too_many = parse_routing_policy(many, "rp.yaml");
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().text, "rp.yaml:2:3: policies: has 9 entries; at most 8 are supported");
}

}  // namespace
}  // namespace izar
