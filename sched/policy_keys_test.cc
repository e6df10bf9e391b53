// routing-policy.yaml as a list of keys: variables, the dump, and the reference page.
#include "sched/policy_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "sched/testing/full_policy.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

std::string error_of(const std::string& text, const std::vector<std::string>& environment = {}) {
    const auto policies = parse_routing_policy(text, "rp.yaml", {}, environment);
    return policies ? "" : policies.error().text;
}

TEST(PolicyKeys, AVariableReplacesItsKeyAndNothingElse) {
    const std::vector<std::string> environment{
        "HOME=/nowhere", "IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT=55.5",
        "IZAR_POLICY_POLICIES=[{name: calm, rule: rtt, services: [web]}, {name: rest, margins: {absolute: 3ms}}]"};
    const PolicyFileContext context{.known = {}, .margins = {milliseconds{7}, 0.3}};
    const auto policies = parse_routing_policy(kFullPolicy, "rp.yaml", context, environment);
    ASSERT_TRUE(policies) << policies.error().text;
    ASSERT_EQ(policies->list.size(), 2U);
    EXPECT_EQ(policies->list[0].name, "calm");
    EXPECT_EQ(policies->list[0].rule, CostRule::rtt);
    EXPECT_EQ(policies->list[1].margins, (SwitchMargins{milliseconds{3}, 0.3}));
    EXPECT_EQ(policies->index_of("web"), PolicyIndex{0});
    EXPECT_EQ(policies->list[1].node_prices.at("tyo"), 0.09) << "as the file says";
    EXPECT_EQ(policies->last_mile.target_cpu, 55.5);
    EXPECT_EQ(policies->last_mile.most_moved_percent, 5) << "as the file says";
}

TEST(PolicyKeys, AllKeysCanBeGivenByVariables) {
    const std::vector<std::string> environment{
        "IZAR_POLICY_POLICIES=[{name: fast, rule: lyapunov, loss_delay: 500ms, weights: {delay: 2, cpu_mean: 0.5, "
        "cpu_variance: 0.25}, margins: {absolute: 2ms, relative: 0.2}, spread: 0.1, relays: {max_cost: 800ms, "
        "max_cpu_percent: 85, max_price_per_gb: 0.1, max_bandwidth_percent: 70}}, {name: eu-only, rule: rtt, "
        "forbidden: {nodes: [nyc, tyo], regions: [us-east]}, services: [web, api]}]",
        "IZAR_POLICY_PRICES_PER_GB=[{node: tyo, price: 0.09}, {region: us-east, price: 0.02}]",
        "IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT=70", "IZAR_POLICY_LAST_MILE_MAX_MOVED_PERCENT=5"};
    RoutingPolicies none;
    ASSERT_EQ(policy_keys(none, {}).size(), environment.size());
    EXPECT_EQ(policy_variable(environment), "IZAR_POLICY_POLICIES");
    const auto given = parse_routing_policy("", "rp.yaml", {}, environment);
    ASSERT_TRUE(given) << given.error().text;
    EXPECT_EQ(*given, parse_routing_policy(kFullPolicy, "rp.yaml").value());
}

TEST(PolicyKeys, MistakesInVariablesNameTheVariable) {
    EXPECT_EQ(error_of(kFullPolicy, {"IZAR_POLICY_LAST_MILE_TARGET_CPU=70"}),
              "environment: IZAR_POLICY_LAST_MILE_TARGET_CPU sets no key; did you mean "
              "IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT?");
    EXPECT_EQ(error_of(kFullPolicy, {"IZAR_POLICY_LAST_MILE_MAX_MOVED_PERCENT=51"}),
              "environment: IZAR_POLICY_LAST_MILE_MAX_MOVED_PERCENT: '51' is not a number from 1 to 50");
    EXPECT_EQ(
        error_of(kFullPolicy, {"IZAR_POLICY_POLICIES=[{name: a, rule: rtt, relays: {max_cost: 3s}}]"}),
        "environment:1:42: IZAR_POLICY_POLICIES[0].relays.max_cost: '3s' is out of bounds; allowed are 1ms to 2s");
    EXPECT_EQ(error_of(kFullPolicy, {"IZAR_POLICY_POLICIES=[{name: a, spraed: 0.1}]"}),
              "environment:1:12: unknown key 'spraed' in IZAR_POLICY_POLICIES[0]; did you mean 'spread'?");
    EXPECT_EQ(error_of(kFullPolicy, {"IZAR_POLICY_POLICIES=[]"}),
              "environment:1:1: IZAR_POLICY_POLICIES: is empty; the first policy is that of all services that no other "
              "lists");
    EXPECT_NE(error_of(kFullPolicy, {"IZAR_POLICY_POLICIES=default"}).find("IZAR_POLICY_POLICIES[0]: must be a map"),
              std::string::npos);
}

TEST(PolicyKeys, NamesInVariablesMustBeKnownWhereThoseOfTheFileMust) {
    const PolicyFileContext context{.known = {.nodes = {"ams", "nyc", "tyo"}, .regions = {"us-east"}, .services = {}},
                                    .margins = {}};
    const std::vector<std::string> environment{"IZAR_POLICY_PRICES_PER_GB=[{node: ans, price: 1}]"};
    const auto policies = parse_routing_policy(kFullPolicy, "rp.yaml", context, environment);
    ASSERT_FALSE(policies);
    EXPECT_EQ(policies.error().text,
              "environment:1:9: IZAR_POLICY_PRICES_PER_GB[0].node: 'ans' is no node here; did you mean 'ams'?");
}

TEST(PolicyKeys, OnlyVariablesOfThePolicyAreItsOwn) {
    EXPECT_EQ(policy_variable(std::vector<std::string>{"HOME=/", "IZAR_EDGE_POLICY=/p", "MY_IZAR_POLICY_X=1"}), "");
    EXPECT_EQ(policy_variable(std::vector<std::string>{"HOME=/", "IZAR_POLICY_SLIP=1"}), "IZAR_POLICY_SLIP");
}

TEST(PolicyKeys, ADumpHasEveryValueThatMeansSomething) {
    EXPECT_EQ(routing_policy_text(parse_routing_policy(kFullPolicy, "rp.yaml").value()), R"(policies:
  - name: "fast"
    rule: lyapunov
    loss_delay: 500ms
    weights: {delay: 2, cpu_mean: 0.5, cpu_variance: 0.25}
    margins: {absolute: 2ms, relative: 0.2}
    spread: 0.1
    relays: {max_cost: 800ms, max_cpu_percent: 85, max_price_per_gb: 0.1, max_bandwidth_percent: 70}
    forbidden: {nodes: [], regions: []}
    services: []
  - name: "eu-only"
    rule: rtt
    margins: {absolute: 5ms, relative: 0.1}
    relays: {max_cost: 2s, max_cpu_percent: 100}
    forbidden: {nodes: ["nyc", "tyo"], regions: ["us-east"]}
    services: ["api", "web"]
prices_per_gb:
  - {node: "tyo", price: 0.09}
  - {region: "us-east", price: 0.02}
last_mile:
  target_cpu_percent: 70
  max_moved_percent: 5
)");
}

// A key that is in the list is read: with a value that no key takes it is told by its path.
TEST(PolicyKeys, EveryKeyOfTheTablesIsRead) {
    const std::pair<std::string_view, std::string_view> places[] = {
        {"a policy", "policies: [{{{}: [[]]}}]"},
        {"weights", "policies: [{{name: a, rule: lyapunov, weights: {{{}: [[]]}}}}]"},
        {"margins", "policies: [{{name: a, margins: {{{}: [[]]}}}}]"},
        {"relays", "policies: [{{name: a, relays: {{{}: [[]]}}}}]"},
        {"forbidden", "policies: [{{name: a, forbidden: {{{}: [[]]}}}}]"},
        {"a price", "policies: [{{name: a}}]\nprices_per_gb: [{{{}: [[]]}}]"},
    };
    const auto tables = policy_items();
    ASSERT_EQ(tables.size(), std::size(places));
    for (std::size_t i = 0; i < tables.size(); ++i) {
        ASSERT_EQ(tables[i].item, places[i].first);
        for (const ItemKey& key : tables[i].keys) {
            const std::string told = error_of(fmt::format(fmt::runtime(places[i].second), key.name));
            EXPECT_NE(told.find(fmt::format(".{}", key.name)), std::string::npos) << key.name << "\n" << told;
            EXPECT_EQ(told.find("unknown key"), std::string::npos) << told;
        }
    }
}

// The page is generated; where it differs, the failure prints what it should hold.
TEST(PolicyKeys, TheReferencePageIsTheListOfKeys) {
    std::ifstream file(std::string(IZAR_SOURCE_ROOT) + "/docs/routing-policy.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    RoutingPolicies defaults;
    const std::string rows = config_reference(policy_keys(defaults, {}), kPolicyPrefix);
    EXPECT_NE(page.find(rows), std::string::npos) << rows;
    for (const ConfigItem& table : policy_items()) {
        const std::string text = item_reference(table.item, table.keys);
        EXPECT_NE(page.find(text), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace izar
