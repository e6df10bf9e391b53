#include "sched/policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

namespace izar {
namespace {

using namespace std::chrono_literals;

TEST(LinkCost, RttIsTheDelayAlone) {
    const RoutingPolicy policy{.rule = CostRule::rtt};
    const CostTerms terms = link_cost(policy, {.rtt = 42'500us, .loss = 0.5});
    EXPECT_EQ(terms.total, 42'500u);
    EXPECT_EQ(terms.loss_ms, 0);
}

TEST(LinkCost, LossIsTheDelayThatRetransmissionsAddOnAverage) {
    const RoutingPolicy policy{.rule = CostRule::rtt_loss, .loss_delay = 200ms};
    EXPECT_EQ(link_cost(policy, {.rtt = 40ms, .loss = 0.2}).total, 90'000u);  // 0.2/0.8 of 200 ms more
    EXPECT_EQ(link_cost(policy, {.rtt = 40ms, .loss = 0}).total, 40'000u);
    EXPECT_LT(link_cost(policy, {.rtt = 40ms, .loss = 1}).total, kUnknownCost) << "up, however bad";
}

TEST(LinkCost, LyapunovAddsTheQueuesOfTheFarNode) {
    RoutingPolicy policy{.rule = CostRule::lyapunov};
    const NodeLoad load{.mean_excess = 0.5, .variance_excess = -0.25, .mean_queue = 30, .variance_queue = 8};
    const CostTerms terms = link_cost(policy, {.rtt = 20ms, .far_node = &load});
    EXPECT_EQ(terms.load_ms, 38) << "whether it is busy at the moment or not: a queue counts until it is empty";
    EXPECT_EQ(terms.total, 58'000u);
    policy.mean_weight = 0.5;
    policy.variance_weight = 0;
    EXPECT_EQ(link_cost(policy, {.rtt = 20ms, .far_node = &load}).load_ms, 15);
}

TEST(LinkCost, AHeldLinkIsWorseThanAnyDetourThenThanAllButFarWorseOnes) {
    const RoutingPolicy policy;  // absolute margin 5 ms
    EXPECT_EQ(link_cost(policy, {.rtt = 5ms, .hold = Hold::strict}).total, 1'005'000u);
    EXPECT_EQ(link_cost(policy, {.rtt = 40ms, .hold = Hold::soft}).total, 80'000u);
    EXPECT_EQ(link_cost(policy, {.rtt = 40ms, .hold = Hold::soft}).hold_ms, 40);
    EXPECT_EQ(link_cost(policy, {.rtt = 40ms, .hold = Hold::none}).total, 40'000u);
}

RC_GTEST_PROP(LinkCost, GrowsWithRttAndLossAndStaysInRange, ()) {
    const RoutingPolicy policy{.rule = *rc::gen::element(CostRule::rtt, CostRule::rtt_loss, CostRule::lyapunov)};
    const auto rtt_us = *rc::gen::inRange<std::int64_t>(0, 5'000'000);
    const double loss = *rc::gen::inRange(0, 1001) / 1000.0;
    const LinkTerms link{.rtt = std::chrono::microseconds{rtt_us}, .loss = loss};
    const Cost cost = link_cost(policy, link).total;
    RC_ASSERT(cost >= kLeastCost && cost <= kWorstCost);
    RC_ASSERT(link_cost(policy, {.rtt = link.rtt + 1ms, .loss = loss}).total >= cost);
    RC_ASSERT(link_cost(policy, {.rtt = link.rtt, .loss = loss + 0.01}).total >= cost);
}

TEST(MayRelay, ForbiddenNodesAndRegionsAndPrices) {
    RoutingPolicy policy;
    FleetNode node{.id = NodeId{5}};
    std::strcpy(node.name, "par");
    std::strcpy(node.region, "eu-west");
    const NodeLoad load{.cpu_percent = 80, .price = 0.05};
    EXPECT_TRUE(may_relay(policy, node, &load));
    EXPECT_TRUE(may_relay(policy, node, nullptr));
    policy.caps = {.price = 0.04};
    EXPECT_FALSE(may_relay(policy, node, &load));
    policy.caps = {};
    policy.forbidden_regions = {"us", "eu-west"};
    EXPECT_FALSE(may_relay(policy, node, nullptr));
    policy.forbidden_regions = {"eu"};
    EXPECT_TRUE(may_relay(policy, node, nullptr)) << "a region is a name, not a prefix";
    EXPECT_TRUE(may_carry(policy, node));
    policy.forbidden_nodes = {"ams", "par"};
    EXPECT_FALSE(may_relay(policy, node, nullptr));
    EXPECT_FALSE(may_carry(policy, node)) << "nor is it an egress";
}

TEST(UsedOfCaps, IsTheGreaterOfCpuAndBandwidth) {
    NodeLoad load{.cpu_percent = 40};
    EXPECT_DOUBLE_EQ(used_of_caps({}, load), 0.4) << "no cap is one of 100 percent";
    EXPECT_DOUBLE_EQ(used_of_caps({.cpu_percent = 80}, load), 0.5);
    EXPECT_DOUBLE_EQ(used_of_caps({.cpu_percent = 40}, load), 1) << "at its cap is not above";
    EXPECT_GT(used_of_caps({.cpu_percent = 0}, load), 1);
    load.used = BitRate{60'000'000};
    EXPECT_DOUBLE_EQ(used_of_caps({.cpu_percent = 80, .bandwidth_percent = 80}, load), 0.5)
        << "nobody told what its uplink carries";
    load.capacity = BitRate{100'000'000};
    EXPECT_DOUBLE_EQ(used_of_caps({.cpu_percent = 80, .bandwidth_percent = 80}, load), 0.75);
    EXPECT_DOUBLE_EQ(used_of_caps({.cpu_percent = 0, .bandwidth_percent = 0}, {}), 0) << "an idle node keeps any cap";
}

TEST(MayRelay, APriceOfThePolicyStandsBeforeWhatTheFeedSays) {
    RoutingPolicy policy{.caps = {.price = 0.1}, .region_prices = {{"ap", 0.12}, {"eu", 0.01}}};
    FleetNode node{.id = NodeId{5}};
    std::strcpy(node.name, "tyo");
    const NodeLoad load{.price = 0.05};
    EXPECT_TRUE(may_relay(policy, node, &load));
    std::strcpy(node.region, "ap");
    EXPECT_FALSE(may_relay(policy, node, &load)) << "its region is too dear";
    EXPECT_FALSE(may_relay(policy, node, nullptr));
    EXPECT_TRUE(may_carry(policy, node)) << "dear, but not forbidden";
    policy.node_prices = {{"tyo", 0.02}};
    EXPECT_TRUE(may_relay(policy, node, &load)) << "it has a price of its own";
}

TEST(RoutingPolicies, AServiceThatNobodyListsFollowsTheFirst) {
    const RoutingPolicies policies{.list = {{.name = "fast"}, {.name = "eu"}}, .of_service = {{"web", PolicyIndex{1}}}};
    EXPECT_EQ(policies.at(policies.index_of("web")).name, "eu");
    EXPECT_EQ(policies.at(policies.index_of("dns")).name, "fast");
    EXPECT_EQ(RoutingPolicies{}.index_of("web"), kDefaultPolicy);
}

}  // namespace
}  // namespace izar
