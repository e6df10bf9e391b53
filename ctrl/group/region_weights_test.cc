#include "ctrl/group/region_weights.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

std::vector<RegionMember> two(double one, double other) {
    return {{NodeId{1}, "eu", true, one}, {NodeId{2}, "eu", true, other}, {NodeId{3}, "us", true, 99}};
}

TEST(RegionWeights, BeginEvenAndEachRegionAlone) {
    RegionWeights weights;
    EXPECT_EQ(weights.weight(NodeId{1}), 0U);
    weights.balance(two(10, 10));
    EXPECT_EQ(weights.weight(NodeId{1}), 500U);
    EXPECT_EQ(weights.weight(NodeId{2}), 500U);
    EXPECT_EQ(weights.weight(NodeId{3}), 1'000U);
}

TEST(RegionWeights, LeaveABusyNodeStepByStepAndAnUnusableOneAtOnce) {
    RegionWeights weights;
    weights.balance(two(10, 10));
    weights.balance(two(90, 10));
    EXPECT_LT(weights.weight(NodeId{1}), 500U);
    EXPECT_GE(weights.weight(NodeId{1}), 300U) << "at most a fifth a round";
    auto members = two(20, 20);
    members[1].usable = false;
    weights.balance(members);
    EXPECT_EQ(weights.weight(NodeId{1}), 1'000U);
    EXPECT_EQ(weights.weight(NodeId{2}), 0U);
}

TEST(RegionWeights, ANodeThatComesGetsAShare) {
    RegionWeights weights;
    auto members = two(10, 10);
    members[1].usable = false;
    weights.balance(members);
    EXPECT_EQ(weights.weight(NodeId{1}), 1'000U);
    weights.balance(two(10, 10));
    EXPECT_EQ(weights.weight(NodeId{1}), 500U);
    EXPECT_EQ(weights.weight(NodeId{2}), 500U);
}

TEST(RegionWeights, SilentNodesKeepTheirShareAndLeavingOnesAreForgotten) {
    RegionWeights weights;
    weights.balance(two(10, 10));
    auto members = two(10, 10);
    members[0].cpu_percent.reset();
    weights.balance(members);
    EXPECT_EQ(weights.weight(NodeId{1}), 500U);
    members.erase(members.begin());
    weights.balance(members);
    EXPECT_EQ(weights.weight(NodeId{1}), 0U);
    EXPECT_EQ(weights.weight(NodeId{2}), 1'000U);
}

}  // namespace
}  // namespace izar
