#include "sched/route_planner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sched/testing/graphs.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours{1}};

RoutingPolicy policy_without_hysteresis() {
    RoutingPolicy policy;
    policy.margins = {.absolute = 0ns, .relative = 0};
    return policy;
}

void set_costs(RoutePlanner& planner, const CostMatrix& costs) {
    for (std::size_t from = 0; from < costs.nodes(); ++from) {
        for (std::size_t to = 0; to < costs.nodes(); ++to) {
            planner.set_cost(slot_at(from), slot_at(to), costs.at(slot_at(from), slot_at(to)));
        }
    }
}

// Follows single links in one planner, and reads everything anew in another: routes must be equal.
RC_GTEST_PROP(RoutePlanner, SingleChangesGiveTheRoutesOfAFullPlan, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 16);
    const auto self = slot_at(*rc::gen::inRange<std::size_t>(0, nodes));
    CostMatrix costs = random_costs(nodes, 20'000, 5);
    RoutingPolicy policy = policy_without_hysteresis();
    policy.spread = *rc::gen::arbitrary<bool>();
    RoutePlanner planner;
    planner.reset(nodes, self);
    planner.set_policy(policy);
    set_costs(planner, costs);
    planner.plan(kStart);
    for (int round = 0; round < 12; ++round) {
        const auto events = *rc::gen::inRange(1, 4);
        for (int i = 0; i < events; ++i) {
            const auto from = *rc::gen::inRange<std::size_t>(0, nodes);
            const auto to = (from + *rc::gen::inRange<std::size_t>(1, nodes)) % nodes;
            const Cost cost = *rc::gen::oneOf(rc::gen::inRange<Cost>(1, 20'000), rc::gen::just(kUnknownCost));
            costs.set(slot_at(from), slot_at(to), cost);
            planner.set_cost(slot_at(from), slot_at(to), cost);
        }
        // An hour a round: hold-downs are over.
        planner.plan(kStart + (round + 1) * 1h);
        const PathSearch fresh{costs, self};
        for (std::size_t d = 0; d < nodes; ++d) {
            if (slot_at(d) == self) {
                continue;
            }
            const PlannedRoute& route = planner.route(slot_at(d));
            const RelayPath best = fresh.best(slot_at(d));
            RC_ASSERT(route.primary.cost == best.cost);
            RC_ASSERT(!best.exists() || fresh.cost(slot_at(d), route.primary) == best.cost);
            if (best.exists()) {
                const RelayPath backup = fresh.best_avoiding(slot_at(d), route.primary);
                RC_ASSERT(route.backup.cost == backup.cost);
                RC_ASSERT(!backup.exists() || fresh.cost(slot_at(d), route.backup) == backup.cost);
            }
        }
    }
}

bool same_route(const PlannedRoute& a, const PlannedRoute& b) {
    const auto same = [](const RelayPath& x, const RelayPath& y) {
        return x.exists() == y.exists() && (!x.exists() || (x.same_way(y) && x.cost == y.cost));
    };
    return same(a.primary, b.primary) && same(a.backup, b.backup) && same(a.former, b.former) && same(a.best, b.best) &&
           std::ranges::equal(a.spread, b.spread, same) && a.why == b.why && a.since == b.since &&
           a.switches == b.switches;
}

// With margins, hold-downs and many equal costs, one planner looks at what changes can concern and another at
// everything: both decide the same, for the same reason, at the same time.
RC_GTEST_PROP(RoutePlanner, WhatASingleChangeDoesNotConcernAFullPlanLeavesAsItIs, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 16);
    const auto self = slot_at(*rc::gen::inRange<std::size_t>(0, nodes));
    const Cost most = *rc::gen::element<Cost>(4, 2'000, 200'000);
    RoutingPolicy policy;
    policy.margins.absolute = *rc::gen::element<Nanos>(0ns, 1ms, 5ms);
    policy.caps.path_cost = *rc::gen::element<Nanos>(1ms, 2s);
    const CostMatrix costs = random_costs(nodes, most, 5);
    RoutePlanner few;
    RoutePlanner all;
    for (RoutePlanner* planner : {&few, &all}) {
        planner->reset(nodes, self);
        planner->set_policy(policy);
        set_costs(*planner, costs);
        planner->plan(kStart);
    }
    Instant now = kStart;
    for (int round = 0; round < 30; ++round) {
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
            const auto from = *rc::gen::inRange<std::size_t>(0, nodes);
            const auto to = (from + *rc::gen::inRange<std::size_t>(1, nodes)) % nodes;
            const Cost cost = *rc::gen::oneOf(rc::gen::inRange<Cost>(1, most + 1), rc::gen::just(kUnknownCost));
            few.set_cost(slot_at(from), slot_at(to), cost);
            all.set_cost(slot_at(from), slot_at(to), cost);
        }
        now += *rc::gen::element<Nanos>(10ms, 1s, 40s);
        few.plan(now);
        all.set_policy(policy);
        all.plan(now);
        for (std::size_t to = 0; to < nodes; ++to) {
            RC_ASSERT(same_route(few.route(slot_at(to)), all.route(slot_at(to))));
        }
    }
}

// 0 -> 3 over 1 (20 ms) or over 2 (30 ms), or direct (100 ms).
class Square : public testing::Test {
  protected:
    Square() {
        planner.reset(4, slot_at(0));
        planner.set_policy(policy);
        link(0, 1, 10'000);
        link(1, 3, 10'000);
        link(0, 2, 15'000);
        link(2, 3, 15'000);
        link(0, 3, 100'000);
        planner.plan(kStart);
    }
    void link(std::size_t from, std::size_t to, Cost cost) { planner.set_cost(slot_at(from), slot_at(to), cost); }
    const PlannedRoute& route() const { return planner.route(slot_at(3)); }
    bool over(std::size_t relay) const { return route().primary.relay[0] == slot_at(relay); }

    RoutingPolicy policy;
    RoutePlanner planner;
};

TEST_F(Square, StaysUntilBothMarginsAreMet) {
    EXPECT_TRUE(over(1));
    EXPECT_EQ(route().why, PathReason::first);
    link(1, 3, 24'900);  // 34.9 ms against 30: 4.9 ms
    EXPECT_TRUE(planner.plan(kStart + 1s).empty());
    EXPECT_EQ(route().why, PathReason::kept_margin);
    EXPECT_EQ(route().primary.cost, 34'900u) << "its cost is told as it is now";
    link(1, 3, 25'000);
    EXPECT_EQ(planner.plan(kStart + 2s).size(), 1u);
    EXPECT_TRUE(over(2));
    EXPECT_EQ(route().why, PathReason::better);
    EXPECT_EQ(route().since, kStart + 2s);
}

TEST_F(Square, TheFormerPrimaryStaysKnownWhileItCanBeUsed) {
    link(0, 1, 90'000);
    planner.plan(kStart + 1s);
    ASSERT_TRUE(over(2));
    EXPECT_EQ(route().former.relay[0], slot_at(1));
    EXPECT_EQ(route().former.cost, 100'000u);
    link(0, 1, kUnknownCost);
    EXPECT_FALSE(planner.plan(kStart + 2s).empty());
    EXPECT_FALSE(route().former.exists());
}

TEST_F(Square, ADeadPathIsLeftWhateverTheMarginsAndHolds) {
    for (int i = 1; i < 20; ++i) {
        const bool first = i % 2 == 1;
        link(0, 1, first ? kUnknownCost : 10'000);
        link(0, 2, first ? 15'000 : kUnknownCost);
        planner.plan(kStart + i * 10ms);
        EXPECT_TRUE(over(first ? 2 : 1));
        EXPECT_EQ(route().why, PathReason::failed_over);
    }
}

// A link that swings every second for an hour: without damping the path would move 3,600 times.
TEST_F(Square, FlappingIsDamped) {
    for (int second = 1; second <= 3600; ++second) {
        link(1, 3, second % 2 == 1 ? 40'000 : 10'000);
        planner.plan(kStart + second * 1s);
    }
    const auto holds = static_cast<std::uint32_t>(3600s / FlapDamper::kLongestHold);
    EXPECT_LE(route().switches, 2 * holds) << "once there and once back in each of the longest hold-downs";
    EXPECT_GT(route().switches, 2u);
    // When it has been quiet for a while, the better path is taken after all.
    link(1, 3, 10'000);
    planner.plan(kStart + 3700s);
    EXPECT_TRUE(over(1));
}

TEST_F(Square, ANodeThatMayNotRelayIsPassedBy) {
    planner.set_relays({true, false, true, true});
    planner.plan(kStart + 1s);
    EXPECT_TRUE(over(2)) << "a path over it is no path any more";
    EXPECT_EQ(route().backup.relays(), 0u);
    EXPECT_EQ(planner.route(slot_at(1)).primary.relays(), 0u) << "it can still be reached";
}

TEST_F(Square, ACapOnTheCostOfRelayedPathsLeavesTheDirectOne) {
    policy.caps.path_cost = 15ms;
    planner.set_policy(policy);
    planner.plan(kStart + 1s);
    EXPECT_EQ(route().primary.relays(), 0u);
}

TEST_F(Square, SpreadsOverNearEqualPaths) {
    policy.spread = true;
    policy.spread_margin = 0.6;
    link(0, 1, 14'000);
    link(1, 2, 3'000);
    planner.set_policy(policy);
    planner.plan(kStart + 1s);
    EXPECT_TRUE(over(1));
    EXPECT_EQ(route().backup.relay[0], slot_at(2));
    EXPECT_EQ(route().spread[0].relay, (std::array{slot_at(1), slot_at(2)}));
    EXPECT_FALSE(route().spread[1].exists());
}

}  // namespace
}  // namespace izar
