#include "sched/last_mile.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>

namespace izar {
namespace {

// Nodes whose CPU follows the share they were given, round by round.
struct World {
    std::vector<MileNode> nodes;
    std::vector<double> shares;
    double requests = 1'000;
    double moved = 0;  // in the last round
    LastMile mile;

    void round() {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const double share = i < shares.size() ? shares[i] : 0;
            nodes[i].cpu_percent = std::min(share * requests * nodes[i].cpu_per_request, 100.0);
        }
        const auto before = shares;
        shares = mile.balance(nodes, requests);
        moved = 0;
        for (std::size_t i = 0; i < shares.size() && i < before.size(); ++i) {
            moved += std::fabs(shares[i] - before[i]) / 2;
        }
    }
    void rounds(int count) {
        for (int i = 0; i < count; ++i) {
            round();
        }
    }
    double cpu(std::size_t i) const { return shares[i] * requests * nodes[i].cpu_per_request; }
};

World near_and_far() {
    return {.nodes = {{.node = NodeId{1}, .cpu_per_request = 0.1, .delay_ms = 10},
                      {.node = NodeId{2}, .cpu_per_request = 0.1, .delay_ms = 50},
                      {.node = NodeId{3}, .cpu_per_request = 0.1, .delay_ms = 90}}};
}

TEST(LastMile, LightLoadGoesToTheNearestNode) {
    World world = near_and_far();
    world.requests = 300;  // 30 % of one node
    world.rounds(20);
    EXPECT_NEAR(world.shares[0], 1, 1e-6);
}

TEST(LastMile, HeavyLoadFillsTheNearestNodesToTheirTarget) {
    World world = near_and_far();  // 100 % of one node
    world.rounds(50);
    EXPECT_NEAR(world.cpu(0), 60, 0.5);
    EXPECT_NEAR(world.cpu(1), 40, 0.5);
    EXPECT_NEAR(world.cpu(2), 0, 0.5);
}

TEST(LastMile, ComesToRestUnderASteadyLoad) {
    World world = near_and_far();
    world.requests = 1'500;
    world.rounds(100);
    for (int i = 0; i < 100; ++i) {
        world.round();
        EXPECT_LT(world.moved, 1e-6);
    }
}

TEST(LastMile, OverloadIsSharedOut) {
    World world = near_and_far();
    world.requests = 2'400;  // 240 % of one node: more than the targets of all three
    world.rounds(300);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_GT(world.cpu(i), 59.0) << i;
        EXPECT_LT(world.cpu(i), 100.0) << i;
    }
}

TEST(LastMile, ANodeThatLeavesLosesItsShareAtOnceAndGetsItBack) {
    World world = near_and_far();
    world.rounds(50);
    world.nodes[0].usable = false;
    world.round();
    EXPECT_EQ(world.shares[0], 0);
    EXPECT_NEAR(world.shares[1] + world.shares[2], 1, 1e-9);
    world.rounds(50);
    EXPECT_NEAR(world.cpu(1), 60, 0.5);
    world.nodes[0].usable = true;
    world.rounds(50);
    EXPECT_NEAR(world.cpu(0), 60, 0.5);
}

TEST(LastMile, NobodyUsableGetsNothing) {
    World world = near_and_far();
    world.rounds(3);
    for (MileNode& node : world.nodes) {
        node.usable = false;
    }
    world.round();
    EXPECT_EQ(world.shares, (std::vector<double>{0, 0, 0}));
}

RC_GTEST_PROP(LastMile, SharesAddUpAndMoveABoundedPartARound, ()) {
    World world;
    const auto count = *rc::gen::inRange(1, 8);
    for (int i = 0; i < count; ++i) {
        world.nodes.push_back({.node = NodeId{static_cast<std::uint16_t>(i + 1)},
                               .cores = *rc::gen::inRange(1u, 9u),
                               .cpu_per_request = *rc::gen::inRange(0, 400) / 1000.0,
                               .delay_ms = static_cast<double>(*rc::gen::inRange(0, 300))});
    }
    for (int i = 0; i < 30; ++i) {
        world.requests = *rc::gen::inRange(0, 4'000);
        world.round();
        RC_ASSERT(std::fabs(std::accumulate(world.shares.begin(), world.shares.end(), 0.0) - 1) < 1e-6);
        RC_ASSERT(world.moved <= LastMilePolicy{}.most_moved_percent / 100 + 1e-9);
        for (const double share : world.shares) {
            RC_ASSERT(share > -1e-9);
        }
    }
}

TEST(ToWeights, AreThousandthsAndNeverLoseANode) {
    const std::vector shares{0.5, 0.4999, 0.0001, 0.0};
    EXPECT_EQ(to_weights(shares), (std::vector<std::uint32_t>{500, 500, 1, 0}));
}

}  // namespace
}  // namespace izar
