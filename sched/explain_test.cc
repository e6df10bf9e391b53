#include "sched/explain.h"

#include <gtest/gtest.h>

#include "sched/testing/four_nodes.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

using ExplainTest = FourNodes;

TEST_F(ExplainTest, TellsEveryCandidate) {
    const auto ask = [&](NodeId from, NodeId to) {
        return explain(node.scheduler, {.from = from, .to = to}, node.now);
    };
    const Explanation told = ask(id_at(0), id_at(3));
    EXPECT_EQ(told.error, "");
    EXPECT_EQ(told.from, "n0");
    ASSERT_EQ(told.candidates.size(), 4u) << "direct, two over one relay, the better one over both";
    EXPECT_TRUE(told.candidates[0].in_use);
    EXPECT_EQ(*told.candidates[0].cost, 30ms);
    EXPECT_EQ(told.candidates[0].links[1].terms.delay_ms, 20);
    EXPECT_TRUE(told.candidates[1].is_backup);
    EXPECT_EQ(told.policy, "default");
    EXPECT_EQ(ask(id_at(0), NodeId{99}).candidates.size(), 0u);
    EXPECT_NE(ask(id_at(0), NodeId{99}).error, "");
    EXPECT_NE(explain(node.scheduler, {.from = id_at(0), .to = id_at(3), .policy = "none"}, node.now).error, "");
}

// The terms are those of the policy that is asked about, and add up to the cost of the candidate.
TEST_F(ExplainTest, TellsEachRuleByItsTerms) {
    RoutingPolicies policies;
    policies.list = {{.name = "a", .rule = CostRule::rtt},
                     {.name = "b", .rule = CostRule::rtt_loss},
                     {.name = "c", .rule = CostRule::lyapunov, .delay_weight = 2}};
    node.feed({.policies = std::make_shared<const RoutingPolicies>(policies),
               .life = FeedLife::live,
               .nodes = {{.node = id_at(1), .load = {.mean_queue = 1}},
                         {.node = id_at(2), .load = {.mean_queue = 7, .variance_queue = 5}},
                         {.node = id_at(3), .load = {.mean_queue = 3}}}});
    for (int i = 0; i < 40; ++i) {
        node.count(2, 100, 95);
        live(100ms);
    }
    for (const RoutingPolicy& policy : policies.list) {
        const Explanation told =
            explain(node.scheduler, {.from = id_at(0), .to = id_at(3), .policy = policy.name}, node.now);
        EXPECT_EQ(told.rule, name_of(policy.rule));
        ASSERT_EQ(told.candidates.size(), 4u);
        for (const PathExplanation& candidate : told.candidates) {
            double sum_ms = 0;
            for (const PathExplanation::Link& link : candidate.links) {
                const CostTerms& terms = link.terms;
                sum_ms += terms.delay_ms + terms.loss_ms + terms.load_ms + terms.hold_ms;
                const bool lossy = link.from == "n0" && link.to == "n2";
                EXPECT_EQ(terms.loss_ms > 0, lossy && policy.rule != CostRule::rtt) << policy.name << link.to;
                EXPECT_EQ(terms.load_ms > 0, policy.rule == CostRule::lyapunov) << policy.name << link.to;
                EXPECT_GT(link.count, 0u);
            }
            ASSERT_TRUE(candidate.cost);
            // The cost is that of the last plan, which small moves of a term do not change.
            EXPECT_NEAR(std::chrono::duration<double>(*candidate.cost).count() * 1'000, sum_ms, 0.02 * sum_ms);
        }
    }
}

// An operator sees why the shortest way is not taken, whatever keeps it from being taken.
TEST_F(ExplainTest, TellsWhyANodeDoesNotRelay) {
    const auto told_of = [&](RoutingPolicy policy, double cpu_percent) {
        policy.name = "p";
        RoutingPolicies policies;
        policies.list = {std::move(policy)};
        node.feed({.policies = std::make_shared<const RoutingPolicies>(policies), .life = FeedLife::live});
        for (const Instant end = node.now + RelayGate::kPatience + 10s; node.now < end;) {
            node.feed({.nodes = {{.node = id_at(2), .load = {.cpu_percent = cpu_percent, .price = 1}}}});
            live(5s);
        }
        std::string why;
        for (const auto& each : explain(node.scheduler, {.from = id_at(0), .to = id_at(3)}, node.now).candidates) {
            EXPECT_EQ(each.why_not.empty(), each.cost.has_value()) << each.why_not;
            why = each.why_not.empty() ? why : each.why_not;
        }
        return why;
    };
    EXPECT_EQ(told_of({}, 99), "");
    EXPECT_EQ(told_of({.forbidden_nodes = {"n2"}}, 10), "n2 is forbidden");
    RoutingPolicy cheap;
    cheap.caps.price = 0.5;
    EXPECT_EQ(told_of(cheap, 10), "n2 is too dear");
    RoutingPolicy capped;
    capped.caps.cpu_percent = 80;
    const std::string why = told_of(capped, 90);
    EXPECT_TRUE(why.starts_with("n2 was above its caps; relays again after ")) << why;
    EXPECT_TRUE(why.ends_with(" min below 70 % of them")) << why;
}

}  // namespace
}  // namespace izar
