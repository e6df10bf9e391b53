#include "ctrl/controller/health.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using std::chrono::seconds;

constexpr NodeId kA{1};
constexpr NodeId kB{2};
constexpr NodeId kC{3};

LinkRows rows(bool b_hears_a, bool c_hears_a) {
    LinkRows out;
    out.set({.from = kB, .to = kA, .reachable = b_hears_a});
    out.set({.from = kC, .to = kA, .reachable = c_hears_a});
    out.set(
        {.from = kA, .to = kB, .reachable = false});  // what a node that is judged says of others does not count for it
    return out;
}

class HealthTest : public testing::Test {
  protected:
    void SetUp() override { health.set_nodes({kA, kB, kC}); }
    Health health;
    Instant now{seconds{100}};
};

TEST_F(HealthTest, NodeIsWithdrawnWhenNeitherAgentNorNeighboursHearIt) {
    health.falls_silent(kA, now);
    EXPECT_TRUE(health.judge(rows(false, false), now).empty()) << "a restart takes a moment";
    now += Health::kLongestSilence;
    const auto changes = health.judge(rows(false, false), now);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].node, kA);
    EXPECT_TRUE(changes[0].withdrawn);
    EXPECT_TRUE(health.withdrawn(kA));
    EXPECT_TRUE(health.judge(rows(false, false), now).empty()) << "told once";
}

TEST_F(HealthTest, NeighboursThatHearItKeepItInUse) {
    health.falls_silent(kA, now);
    now += seconds{1'000};
    EXPECT_TRUE(health.judge(rows(true, true), now).empty());
    EXPECT_TRUE(health.judge(rows(true, false), now).empty()) << "half is no majority";
}

TEST_F(HealthTest, CutOffControllerDeclaresNobodyDead) {
    for (const NodeId node : {kA, kB, kC}) {
        health.falls_silent(node, now);
    }
    now += seconds{1'000};
    EXPECT_TRUE(health.judge(rows(false, false), now).empty()) << "the voices of agents that are away do not count";
}

TEST_F(HealthTest, DeadLinksAloneProveNothing) {
    EXPECT_TRUE(health.judge(rows(false, false), now).empty()) << "its agent is here";
}

TEST_F(HealthTest, NodeIsBackWithItsAgentOrItsNeighbours) {
    health.falls_silent(kA, now);
    now += Health::kLongestSilence;
    ASSERT_EQ(health.judge(rows(false, false), now).size(), 1U);
    auto changes = health.judge(rows(true, true), now);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].withdrawn);
    ASSERT_EQ(health.judge(rows(false, false), now).size(), 1U);
    health.speaks(kA);
    changes = health.judge(rows(false, false), now);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].withdrawn);
}

TEST_F(HealthTest, ADeadEdgeCountsLikeAnAgentThatIsAway) {
    health.edge_is_dead(kA, now);
    EXPECT_TRUE(health.is_silent(kA));
    EXPECT_TRUE(health.judge(rows(false, false), now).empty()) << "a restart takes a moment";
    now += Health::kLongestSilence;
    EXPECT_TRUE(health.judge(rows(true, true), now).empty()) << "its lcores may live";
    EXPECT_TRUE(health.judge(rows(true, false), now).empty()) << "half is no majority";
    ASSERT_EQ(health.judge(rows(false, false), now).size(), 1U);
    EXPECT_TRUE(health.withdrawn(kA));
    health.speaks(kA);
    const auto changes = health.judge(rows(false, false), now);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].withdrawn);
}

TEST_F(HealthTest, AnAgentThatComesBackWithoutItsEdgeLeavesTheNodeWithdrawn) {
    health.falls_silent(kA, now);
    now += Health::kLongestSilence;
    ASSERT_EQ(health.judge(rows(false, false), now).size(), 1U);
    health.falls_silent(kA, now);
    EXPECT_TRUE(health.judge(rows(false, false), now).empty());
    health.edge_is_dead(kA, now);
    EXPECT_TRUE(health.judge(rows(false, false), now).empty());
    EXPECT_TRUE(health.withdrawn(kA));
}

TEST_F(HealthTest, ADeadEdgeIsBelievedWhereNobodyElseSaysAnything) {
    health.edge_is_dead(kA, now);
    health.edge_is_dead(kB, now);
    health.falls_silent(kC, now);
    now += Health::kLongestSilence;
    ASSERT_EQ(health.judge(LinkRows{}, now).size(), 2U);
    EXPECT_TRUE(health.withdrawn(kA) && health.withdrawn(kB));
    EXPECT_FALSE(health.withdrawn(kC)) << "its agent is away, which proves nothing";
    health.falls_silent(kA, now);
    EXPECT_TRUE(health.judge(LinkRows{}, now).empty()) << "its agent dies, too";
    health.speaks(kB);
    LinkRows row;
    row.set({.from = kB, .to = kA, .reachable = true});
    EXPECT_EQ(health.judge(row, now).size(), 2U) << "a neighbour that hears it is heard";
    EXPECT_FALSE(health.withdrawn(kA) || health.withdrawn(kB));
}

TEST_F(HealthTest, NodesThatLeftTheFleetAreForgotten) {
    health.falls_silent(kA, now);
    now += Health::kLongestSilence;
    ASSERT_EQ(health.judge(rows(false, false), now).size(), 1U);
    health.set_nodes({kB, kC});
    EXPECT_TRUE(health.all_withdrawn().empty());
}

}  // namespace
}  // namespace izar
