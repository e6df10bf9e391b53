#include "ctrl/controller/region_shares.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

constexpr NodeId kAms{1};
constexpr NodeId kFra{2};
constexpr NodeId kPar{3};
constexpr NodeId kNyc{4};

std::vector<RegionMember> fleet() {
    return {{kAms, "eu", true, {}}, {kFra, "eu", true, {}}, {kPar, "eu", true, {}}, {kNyc, "us", true, {}}};
}

std::vector<std::uint32_t> weights_of(const RegionShares& shares) {
    return {shares.weight(kAms), shares.weight(kFra), shares.weight(kPar), shares.weight(kNyc)};
}

using Weights = std::vector<std::uint32_t>;

TEST(RegionShares, BeginEqualAndAreThenTheMasters) {
    RegionShares shares;
    EXPECT_EQ(weights_of(shares), (Weights{0, 0, 0, 0}));
    shares.set_members(fleet());
    EXPECT_EQ(weights_of(shares), (Weights{333, 333, 333, 1'000}));
    EXPECT_EQ(shares.epoch("eu"), GroupEpoch{0});
    shares.take("eu", GroupEpoch{7}, {{kAms, 500}, {kFra, 400}, {kPar, 100}});
    EXPECT_EQ(weights_of(shares), (Weights{500, 400, 100, 1'000}));
    EXPECT_EQ(shares.epoch("eu"), GroupEpoch{7});
    shares.set_members(fleet());
    EXPECT_EQ(weights_of(shares), (Weights{500, 400, 100, 1'000})) << "kept while nobody says anything else";
}

TEST(RegionShares, WhoLeavesGivesItsShareToTheOthersInProportion) {
    RegionShares shares;
    shares.set_members(fleet());
    shares.take("eu", GroupEpoch{7}, {{kAms, 500}, {kFra, 400}, {kPar, 100}});
    auto members = fleet();
    members[0].usable = false;
    shares.set_members(members);
    EXPECT_EQ(weights_of(shares), (Weights{0, 800, 200, 1'000}));
    shares.take("eu", GroupEpoch{7}, {{kAms, 900}, {kFra, 50}, {kPar, 50}});  // said before it knew
    EXPECT_EQ(weights_of(shares), (Weights{0, 500, 500, 1'000}));
    shares.set_members(fleet());
    EXPECT_EQ(weights_of(shares), (Weights{333, 333, 333, 1'000})) << "who has no share cannot show that it has room";
    EXPECT_EQ(shares.epoch("eu"), GroupEpoch{0});
}

TEST(RegionShares, ANewLeaderGoesOnWithThem) {
    RegionShares former;
    former.set_members(fleet());
    former.take("eu", GroupEpoch{7}, {{kAms, 500}, {kFra, 400}, {kPar, 100}});
    ASSERT_EQ(former.records().size(), 1U) << "nobody spoke for us";
    RegionShares shares;
    shares.set_members(fleet());
    shares.restore(former.records());
    EXPECT_FALSE(shares.set_members(fleet()));
    EXPECT_EQ(weights_of(shares), (Weights{500, 400, 100, 1'000}));
    EXPECT_EQ(shares.epoch("eu"), GroupEpoch{7});
    EXPECT_EQ(shares.records(), former.records());
    auto drained = fleet();
    drained[2].usable = false;
    EXPECT_FALSE(shares.set_members(drained));
    EXPECT_EQ(weights_of(shares), (Weights{556, 444, 0, 1'000}));
    EXPECT_TRUE(shares.set_members(fleet())) << "it comes into use";
    EXPECT_EQ(weights_of(shares), (Weights{333, 333, 333, 1'000}));
    EXPECT_TRUE(shares.records().empty());
}

TEST(RegionShares, ThoseOfAFormerLeaderDoNotNameWhoWasOutOfUse) {
    RegionShares shares;
    shares.restore({{"eu", 7, {{kAms, 600}, {kFra, 400}}}, {"gone", 8, {{kNyc, 1'000}}}});
    EXPECT_TRUE(shares.leaves_out("eu", kPar));
    EXPECT_FALSE(shares.leaves_out("eu", kAms));
    EXPECT_FALSE(shares.leaves_out("us", kNyc)) << "of this region they say nothing";
    auto members = fleet();
    members[2].usable = false;
    shares.set_members(members);
    EXPECT_EQ(weights_of(shares), (Weights{600, 400, 0, 1'000}));
    EXPECT_EQ(shares.records().size(), 1U);
    shares.take("eu", GroupEpoch{9}, {{kAms, 500}, {kFra, 500}});
    EXPECT_FALSE(shares.leaves_out("eu", kPar)) << "a master has spoken";
}

TEST(RegionShares, RestoredSharesOfNobodyAreEqualOnes) {
    RegionShares shares;
    shares.restore({{"eu", 7, {{kAms, 0}, {kFra, 0}, {kPar, 0}}}, {"us", 8, {}}});
    shares.set_members(fleet());
    EXPECT_EQ(weights_of(shares), (Weights{333, 333, 333, 1'000}));
}

TEST(RegionShares, AMasterSpeaksOfItsRegionAndLeavesSomebody) {
    RegionShares shares;
    shares.set_members(fleet());
    shares.take("us", GroupEpoch{8}, {{kAms, 900}});
    shares.take("nowhere", GroupEpoch{8}, {{kAms, 900}});
    shares.take("eu", GroupEpoch{8}, {{kAms, 0}, {kFra, 0}});
    EXPECT_EQ(weights_of(shares), (Weights{333, 333, 333, 1'000}));
    shares.take("eu", GroupEpoch{8}, {{kAms, 600}, {kFra, 0}, {kNyc, 400}});
    EXPECT_EQ(weights_of(shares), (Weights{1'000, 0, 0, 1'000}));
    // The one that has all of them leaves: the others are left, with no share of their own.
    auto members = fleet();
    members[0].usable = false;
    shares.set_members(members);
    EXPECT_EQ(weights_of(shares), (Weights{0, 500, 500, 1'000}));
    for (RegionMember& member : members) {
        member.usable = false;
    }
    shares.set_members(members);
    EXPECT_EQ(weights_of(shares), (Weights{0, 0, 0, 0}));
}

TEST(RegionShares, AreAPartOfAnEqualShareForEgresses) {
    RegionShares shares;
    EXPECT_DOUBLE_EQ(shares.percent_of_equal(kAms), 100) << "nothing is known of it";
    shares.set_members(fleet());
    EXPECT_DOUBLE_EQ(shares.percent_of_equal(kAms), 100);
    EXPECT_DOUBLE_EQ(shares.percent_of_equal(kNyc), 100) << "alone in its region";
    shares.take("eu", GroupEpoch{7}, {{kAms, 500}, {kFra, 400}, {kPar, 100}});
    EXPECT_DOUBLE_EQ(shares.percent_of_equal(kAms), 150);
    EXPECT_DOUBLE_EQ(shares.percent_of_equal(kPar), 30);
}

}  // namespace
}  // namespace izar
