// region_weights_hours_test.cc -- The loop of a region's weights over virtual hours: shares load nodes, a late and
// noisy mean of their CPU moves shares.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <random>

#include "ctrl/group/region_weights.h"

namespace izar {
namespace {

constexpr std::size_t kNodes = 3;
constexpr int kHour = 720;  // rounds of 5 s
constexpr double kIdleCpu = 10;

class World {
  public:
    double demand = 100;                  // percent of a node's CPU that all clients cost at a strong node
    double weakness[kNodes] = {1, 1, 2};  // what the same costs at each
    bool usable[kNodes] = {true, true, true};
    double slowness = 0;  // 0..1: part of the clients that stay where they are for another round

    void set_policy(const LastMilePolicy& policy) { weights_.set_policy(policy); }

    // The largest share moved in a round, and what all rounds moved.
    struct Moved {
        double most = 0;
        double a_round = 0;
    };
    Moved run(int rounds) {
        Moved moved;
        for (int i = 0; i < rounds; ++i) {
            const double now = round();
            moved.most = std::max(moved.most, now);
            moved.a_round += now / rounds;
        }
        return moved;
    }
    // Another node becomes the region's master: it knows the shares in force, and no past.
    void change_master() {
        std::vector<RegionMember> members;
        std::map<NodeId, std::uint32_t> weights;
        for (std::size_t node = 0; node < kNodes; ++node) {
            members.push_back({id(node), "eu", usable[node], {}});
            weights[id(node)] = weights_.weight(id(node));
        }
        weights_ = RegionWeights{};
        weights_.start_from(members, weights);
    }
    double cpu(std::size_t node) const { return samples_[node].back(); }
    double share(std::size_t node) const { return weights_.weight(id(node)) / 1'000.0; }

  private:
    static NodeId id(std::size_t node) { return NodeId{static_cast<std::uint16_t>(node + 1)}; }

    double round() {
        std::vector<RegionMember> members;
        for (std::size_t node = 0; node < kNodes; ++node) {
            served_[node] = usable[node] ? slowness * served_[node] + (1 - slowness) * share(node) : 0;
            auto& window = samples_[node];
            const double used = served_[node] * demand * weakness[node];
            window.push_back(std::clamp(kIdleCpu + used + noise_(random_), 0.0, 100.0));
            if (window.size() > RegionWeights::kRounds) {
                window.pop_front();
            }
            const double mean = std::accumulate(window.begin(), window.end(), 0.0) / static_cast<double>(window.size());
            members.push_back({id(node), "eu", usable[node], mean});
        }
        double before[kNodes];
        std::generate_n(before, kNodes, [&, node = std::size_t{0}]() mutable { return share(node++); });
        weights_.balance(members);
        double moved = 0;
        for (std::size_t node = 0; node < kNodes; ++node) {
            moved += std::fabs(share(node) - before[node]) / 2;
        }
        return moved;
    }

    RegionWeights weights_;
    std::deque<double> samples_[kNodes];
    double served_[kNodes] = {};
    std::mt19937 random_{23};
    std::normal_distribution<double> noise_{0, 1.5};
};

class RegionWeightsHours : public testing::TestWithParam<double> {
  protected:
    RegionWeightsHours() { world.slowness = GetParam(); }
    World world;
};

// 58 percent of all that there is: each node comes close to its target of 60.
TEST_P(RegionWeightsHours, AHeavyLoadComesToRest) {
    world.demand = 120;
    world.run(kHour);
    for (int hour = 0; hour < 5; ++hour) {
        EXPECT_LT(world.run(kHour).a_round, 0.001);
        for (std::size_t node = 0; node < kNodes; ++node) {
            EXPECT_NEAR(world.cpu(node), 58, 8) << node;
        }
    }
}

TEST_P(RegionWeightsHours, ANodeLeavesAndComesBack) {
    world.run(kHour);
    world.usable[1] = false;
    world.run(1);
    EXPECT_EQ(world.share(1), 0) << "at once";
    EXPECT_NEAR(world.share(0) + world.share(2), 1, 0.003);
    world.run(kHour);
    EXPECT_LT(world.run(kHour).a_round, 0.002) << "too much for the two, and yet at rest";
    EXPECT_LT(std::max(world.cpu(0), world.cpu(2)), 95);
    world.usable[1] = true;
    world.run(kHour);
    EXPECT_LT(world.run(kHour).a_round, 0.001);
    for (std::size_t node = 0; node < kNodes; ++node) {
        EXPECT_LT(world.cpu(node), 66) << node;
    }
}

TEST_P(RegionWeightsHours, AnotherMasterGoesOnFromTheSharesInForce) {
    world.demand = 120;
    world.run(kHour);
    for (int change = 0; change < 20; ++change) {
        double before[kNodes];
        std::generate_n(before, kNodes, [&, node = std::size_t{0}]() mutable { return world.share(node++); });
        world.change_master();
        for (std::size_t node = 0; node < kNodes; ++node) {
            EXPECT_EQ(world.share(node), before[node]);
        }
        EXPECT_LT(world.run(kHour / 6).a_round, 0.002);
        for (std::size_t node = 0; node < kNodes; ++node) {
            EXPECT_NEAR(world.cpu(node), 58, 10) << node;
        }
    }
}

TEST_P(RegionWeightsHours, ALoadBeyondAllIsSharedOut) {
    world.demand = 180;
    world.run(kHour);
    EXPECT_LT(world.run(kHour).a_round, 0.01);
    for (std::size_t node = 0; node < kNodes; ++node) {
        EXPECT_NEAR(world.cpu(node), 82, 10) << node;
    }
}

TEST_P(RegionWeightsHours, WhatMovesInARoundIsBounded) {
    world.run(1);  // equal shares
    for (int hour = 0; hour < 6; ++hour) {
        world.demand = 40 + 30 * hour;
        EXPECT_LE(world.run(kHour).most, 0.2 + 0.002);
    }
}

TEST_P(RegionWeightsHours, AnyConfiguredShareBoundsARoundAndComesToRest) {
    world.run(1);  // equal shares
    for (const double percent : {1.0, 5.0, 50.0}) {
        world.set_policy({.most_moved_percent = percent});
        for (const double demand : {40, 120}) {
            world.demand = demand;
            EXPECT_LE(world.run(kHour).most, percent / 100 + 0.002) << percent;
            EXPECT_LT(world.run(kHour).a_round, 0.001) << percent << ", demand " << demand;
        }
    }
}

TEST_P(RegionWeightsHours, TheConfiguredTargetIsKept) {
    world.set_policy({.target_cpu = 80});
    world.demand = 150;  // fits below 80 percent, but neither below 60 nor in equal shares
    world.run(kHour);
    EXPECT_LT(world.run(kHour).a_round, 0.001);
    for (std::size_t node = 0; node < kNodes; ++node) {
        EXPECT_LT(world.cpu(node), 86) << node;
    }
}

INSTANTIATE_TEST_SUITE_P(Clients, RegionWeightsHours, testing::Values(0.0, 0.7));

}  // namespace
}  // namespace izar
