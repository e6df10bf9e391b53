#include "sched/mesh.h"

#include <gtest/gtest.h>

#include <set>

#include "sched/link_pricing.h"
#include "sched/testing/test_node.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

class MeshTest : public testing::Test {
  protected:
    MeshTest() { mesh.set_fleet(*make_fleet(4, 0)); }

    LinkReport report(LinkReportKind kind, std::size_t link) const {
        LinkReport made;
        made.kind = kind;
        made.link = slot_at(link);
        made.at = now;
        return made;
    }
    void measure(std::size_t link, Nanos rtt) {
        LinkReport made = report(LinkReportKind::rtt, link);
        made.rtt = {.least = rtt, .mean = rtt, .count = 1};
        mesh.take(made);
    }
    void tell(std::size_t from, std::size_t to, std::uint32_t rtt_us, double loss = 0) {
        LinkReport made = report(LinkReportKind::peer_row, from);
        made.row = {id_at(to), static_cast<std::uint16_t>(loss * 65535), rtt_us};
        mesh.take(made);
    }
    void feed(std::size_t from, std::size_t to, Nanos rtt, Nanos age = 0ns) {
        mesh.take(FeedUpdate{.links = {{.from = id_at(from), .to = id_at(to), .rtt = rtt, .age = age, .count = 9}}},
                  now);
    }
    void set_life(FeedLife life) { mesh.take(FeedUpdate{.life = life}, now); }
    LinkView link(std::size_t from, std::size_t to) const { return mesh.link(slot_at(from), slot_at(to), now); }

    Instant now{std::chrono::hours{1}};
    Mesh mesh;
};

TEST_F(MeshTest, WhatNobodyToldIsUnknown) {
    EXPECT_EQ(link(0, 1).state, LinkState::unknown);
    EXPECT_EQ(link(2, 3).state, LinkState::unknown);
    EXPECT_EQ(link(2, 3).source, ItemSource::none);
    EXPECT_EQ(price_link(mesh, {}, slot_at(2), slot_at(3), now).total, kUnknownCost);
}

TEST_F(MeshTest, LinksOfADeadPathAreSuspectForAWhile) {
    tell(1, 2, 30'000);
    tell(2, 3, 30'000);
    LinkReport path = report(LinkReportKind::path, 3);
    path.path = {{id_at(1), id_at(2), id_at(3)}, 90ms, true, false};
    mesh.take(path);
    EXPECT_EQ(link(1, 2).hold, Hold::none) << "the path lives";
    path.path.dead = true;
    mesh.take(path);
    EXPECT_EQ(link(1, 2).hold, Hold::strict);
    EXPECT_EQ(link(2, 3).hold, Hold::strict);
    EXPECT_EQ(link(2, 1).hold, Hold::none);
    EXPECT_EQ(link(1, 2).state, LinkState::up) << "where nothing else is left it may be used";
    EXPECT_EQ(mesh.own_link(slot_at(3)).samples(), 0u) << "nothing is said of the direct link";
    now += Mesh::kSuspicion;
    EXPECT_EQ(link(1, 2).hold, Hold::none);
    path.path.segments[1] = NodeId{999};
    mesh.take(path);
    EXPECT_EQ(mesh.ignored_items(), 1u);
}

TEST_F(MeshTest, TheFresherOfRowAndFeedCounts) {
    tell(1, 2, 30'000);
    EXPECT_EQ(link(1, 2).rtt, 30ms);
    feed(1, 2, 50ms, 2s);
    EXPECT_EQ(link(1, 2).source, ItemSource::peer_row) << "the feed's is two seconds older";
    now += 3s;
    feed(1, 2, 50ms, 2s);
    EXPECT_EQ(link(1, 2).source, ItemSource::feed);
    EXPECT_EQ(link(1, 2).rtt, 50ms);
    EXPECT_EQ(link(1, 2).count, 9u);
}

TEST_F(MeshTest, OwnLinksAreMeasuredNotTold) {
    feed(0, 1, 1ms);
    EXPECT_EQ(link(0, 1).state, LinkState::unknown);
    measure(1, 20ms);
    EXPECT_EQ(link(0, 1).rtt, 20ms);
    EXPECT_EQ(mesh.ignored_items(), 1u);
}

TEST_F(MeshTest, InALiveFeedOldItemsDecayToUnknown) {
    set_life(FeedLife::live);
    feed(1, 2, 50ms);
    now += Mesh::kFeedLifetime;
    EXPECT_EQ(link(1, 2).state, LinkState::up);
    now += 1ns;
    EXPECT_EQ(link(1, 2).state, LinkState::unknown);
}

TEST_F(MeshTest, ASilentFeedFreezesAndAReturningOneHasTimeToTellItsItems) {
    set_life(FeedLife::live);
    feed(1, 2, 50ms);
    set_life(FeedLife::silent);
    now += 1h;
    EXPECT_EQ(link(1, 2).state, LinkState::up);
    EXPECT_TRUE(link(1, 2).stale);
    set_life(FeedLife::live);
    EXPECT_EQ(link(1, 2).state, LinkState::up);
    EXPECT_FALSE(link(1, 2).stale);
    now += Mesh::kFeedLifetime + 1ns;
    EXPECT_EQ(link(1, 2).state, LinkState::unknown);
}

TEST_F(MeshTest, ARowDecaysOnlyWhileItsPeerIsHeard) {
    measure(1, 20ms);
    tell(1, 2, 30'000);
    now += Mesh::kRowLifetime + 1ns;
    EXPECT_EQ(link(1, 2).state, LinkState::unknown) << "the peer is heard and says nothing about it any more";
    tell(1, 2, 30'000);
    mesh.take(report(LinkReportKind::down, 1));
    now += 1h;
    EXPECT_EQ(link(1, 2).state, LinkState::up);
    EXPECT_TRUE(link(1, 2).stale);
}

TEST_F(MeshTest, ARowTellsDeadLinks) {
    tell(1, 2, kUnreachableRtt);
    EXPECT_EQ(link(1, 2).state, LinkState::down);
    mesh.take(FeedUpdate{.links = {{.from = id_at(3), .to = id_at(2), .reachable = false}}}, now);
    EXPECT_EQ(link(3, 2).state, LinkState::down);
}

TEST_F(MeshTest, LossOfARoundTripIsThatOfBothDirections) {
    tell(1, 2, 30'000, 0.1);
    tell(2, 1, 30'000, 0.2);
    EXPECT_NEAR(mesh.round_trip_loss(slot_at(1), slot_at(2)), 1 - 0.9 * 0.8, 1e-4);
    EXPECT_EQ(mesh.round_trip_loss(slot_at(1), slot_at(2)), mesh.round_trip_loss(slot_at(2), slot_at(1)));
    tell(1, 0, 30'000, 0.05);  // what we send to node 1 and it misses
    EXPECT_NEAR(mesh.round_trip_loss(slot_at(0), slot_at(1)), 0.05, 1e-4);
}

TEST_F(MeshTest, LossOfARoundTripMayBeToldAsAWhole) {
    FeedLink link{.from = id_at(1), .to = id_at(2), .rtt = 30ms, .loss = 0.1, .round_trip = true, .count = 1};
    mesh.take(FeedUpdate{.links = {link}}, now);
    tell(2, 1, 30'000, 0.04);  // part of the same
    EXPECT_NEAR(mesh.round_trip_loss(slot_at(1), slot_at(2)), 0.1, 1e-4);
    tell(2, 1, 30'000, 0.3);  // newer
    EXPECT_NEAR(mesh.round_trip_loss(slot_at(1), slot_at(2)), 0.3, 1e-4);
}

TEST_F(MeshTest, WithdrawnNodesVanishWhateverIsMeasured) {
    measure(1, 20ms);
    tell(1, 2, 30'000);
    mesh.take(FeedUpdate{.withdrawn = {id_at(1)}}, now);
    EXPECT_EQ(link(0, 1).state, LinkState::withdrawn);
    EXPECT_EQ(link(1, 2).state, LinkState::withdrawn);
    mesh.take(FeedUpdate{.restored = {id_at(1)}}, now);
    EXPECT_EQ(link(0, 1).state, LinkState::up);
}

TEST_F(MeshTest, LoadsDecayLikeLinks) {
    set_life(FeedLife::live);
    mesh.take(FeedUpdate{.nodes = {{.node = id_at(2), .load = {.cpu_percent = 70}, .age = 1s}}}, now);
    ASSERT_NE(mesh.load(slot_at(2), now), nullptr);
    EXPECT_EQ(mesh.load(slot_at(2), now)->cpu_percent, 70);
    EXPECT_EQ(mesh.load(slot_at(3), now), nullptr);
    now += Mesh::kFeedLifetime + 1ns;
    EXPECT_EQ(mesh.load(slot_at(2), now), nullptr);
    set_life(FeedLife::silent);
    EXPECT_NE(mesh.load(slot_at(2), now), nullptr);
}

TEST_F(MeshTest, UnknownLoadInALiveFeedIsNotGood) {
    const RoutingPolicy policy{.rule = CostRule::lyapunov};
    measure(1, 20ms);
    EXPECT_EQ(price_link(mesh, policy, slot_at(0), slot_at(1), now).total, 20'000u) << "there is no feed to tell it";
    set_life(FeedLife::live);
    EXPECT_EQ(price_link(mesh, policy, slot_at(0), slot_at(1), now).total, 1'020'000u);
}

TEST_F(MeshTest, ReportsAndItemsAboutStrangersAreIgnored) {
    measure(9, 1ms);
    measure(0, 1ms);
    tell(1, 1, 5);
    feed(1, 77, 1ms);
    mesh.take(FeedUpdate{.nodes = {{.node = NodeId{77}}}, .withdrawn = {NodeId{78}}}, now);
    EXPECT_EQ(mesh.ignored_items(), 6u);
}

TEST_F(MeshTest, ChangesNameWhatWasTouchedAndVisitEveryRowInTurn) {
    tell(2, 3, 7'000);
    const auto named = [](std::span<const LinkChange> changes) {
        std::set<std::pair<std::size_t, std::size_t>> links;
        for (const LinkChange& change : changes) {
            links.insert({raw(change.from), raw(change.to)});
        }
        return links;
    };
    EXPECT_TRUE(named(mesh.changes(0)).contains({2, 3}));
    EXPECT_FALSE(named(mesh.changes(0)).contains({2, 3}));
    tell(2, 3, 7'040);
    EXPECT_FALSE(named(mesh.changes(0)).contains({2, 3})) << "it moved too little to be looked at before its turn";
    tell(2, 3, 7'100);
    EXPECT_TRUE(named(mesh.changes(0)).contains({2, 3}));
    now += 2 * Mesh::kRowLifetime;
    tell(2, 3, 7'100);
    EXPECT_TRUE(named(mesh.changes(0)).contains({2, 3})) << "it was not known any more";
    std::set<std::pair<std::size_t, std::size_t>> visited;
    for (int i = 0; i < 4; ++i) {
        visited.merge(named(mesh.changes(1)));
    }
    EXPECT_EQ(visited.size(), 12u);
}

TEST(IsNews, SmallMovesAreNot) {
    EXPECT_FALSE(is_news(kUnknownCost, kUnknownCost));
    EXPECT_TRUE(is_news(kUnknownCost, 10));
    EXPECT_TRUE(is_news(10, kUnknownCost));
    EXPECT_FALSE(is_news(1'000, 1'049));
    EXPECT_TRUE(is_news(1'000, 1'050));
    EXPECT_FALSE(is_news(100'000, 100'700));
    EXPECT_TRUE(is_news(100'000, 99'000));
}

TEST_F(MeshTest, BandwidthOfOwnLinksIsMeasuredAndThatOfOthersToldWithItsAge) {
    LinkReport sent = report(LinkReportKind::traffic, 1);
    sent.traffic = {125'000, 1s, BitRate{50'000'000}};
    mesh.take(sent);
    const auto of = [&](std::size_t from, std::size_t to) { return mesh.bandwidth(slot_at(from), slot_at(to), now); };
    EXPECT_EQ(of(0, 1).value.used, BitRate{1'000'000});
    EXPECT_EQ(of(0, 1).value.capacity, BitRate{50'000'000});
    EXPECT_EQ(of(0, 1).at, now);
    EXPECT_EQ(of(2, 3).value.count, 0u) << "nobody told";
    set_life(FeedLife::live);
    mesh.take(FeedUpdate{.links = {{.from = id_at(2),
                                    .to = id_at(3),
                                    .rtt = 20ms,
                                    .age = 2s,
                                    .count = 9,
                                    .bandwidth = {.used = BitRate{7'000'000}, .count = 1}}},
                         .nodes = {{.node = id_at(2), .load = {.capacity = BitRate{90'000'000}}}}},
              now);
    tell(2, 3, 21'000);  // a peer's row does not tell it, and does not take it away
    EXPECT_EQ(of(2, 3).value.used, BitRate{7'000'000});
    EXPECT_EQ(of(2, 3).value.capacity, BitRate{90'000'000});
    EXPECT_EQ(of(2, 3).at, now - 2s);
    mesh.set_fleet(*make_fleet(5, 0));
    EXPECT_EQ(of(2, 3).value.used, BitRate{7'000'000}) << "both nodes stayed";
    EXPECT_EQ(of(2, 4).value.count, 0u);
    now += Mesh::kFeedLifetime + 1ns;
    EXPECT_EQ(of(2, 3).value.count, 0u) << "old in a live feed";
    set_life(FeedLife::silent);
    EXPECT_EQ(of(2, 3).value.count, 1u) << "frozen";
}

TEST_F(MeshTest, TrafficAloneIsNoReasonToPlan) {
    (void)mesh.changes(0);
    LinkReport sent = report(LinkReportKind::traffic, 1);
    sent.traffic = {125'000, 1s, kNoRate};
    mesh.take(sent);
    EXPECT_TRUE(mesh.changes(0).empty());
}

TEST_F(MeshTest, AnItemNamesTheLifeOfItsSource) {
    measure(1, 10ms);
    tell(1, 2, 30'000);
    set_life(FeedLife::live);
    feed(2, 3, 40ms);
    EXPECT_EQ(link(0, 1).epoch + link(1, 2).epoch + link(2, 3).epoch, 0u);
    mesh.take(report(LinkReportKind::down, 1));
    set_life(FeedLife::silent);
    EXPECT_EQ(link(1, 2).epoch, 0u) << "it was told before its teller fell silent";
    now += 1s;
    mesh.take(report(LinkReportKind::up, 1));
    measure(1, 11ms);
    tell(1, 2, 31'000);
    set_life(FeedLife::live);
    feed(2, 3, 41ms);
    EXPECT_EQ(link(0, 1).epoch, 1u);
    EXPECT_EQ(link(1, 2).epoch, 1u);
    EXPECT_EQ(link(2, 3).epoch, 1u);
}

TEST_F(MeshTest, OnlyNewsPress) {
    tell(1, 2, 30'000);
    tell(2, 3, kUnreachableRtt);
    EXPECT_FALSE(mesh.is_pressing()) << "measurements do not, nor does a link that never lived";
    mesh.take(report(LinkReportKind::up, 1));
    EXPECT_TRUE(mesh.is_pressing());
    EXPECT_FALSE(mesh.is_pressing());
    tell(1, 2, kUnreachableRtt);
    EXPECT_TRUE(mesh.is_pressing());
    tell(1, 2, kUnreachableRtt);
    EXPECT_FALSE(mesh.is_pressing()) << "told again";
    LinkReport path = report(LinkReportKind::path, 3);
    path.path = {{id_at(1), id_at(3), kNoNode}, 90ms, true, true};
    mesh.take(path);
    EXPECT_TRUE(mesh.is_pressing());
    path.at = now += Mesh::kSuspicion - 1s;
    mesh.take(path);
    EXPECT_FALSE(mesh.is_pressing()) << "reported again";
    now += 1s;
    EXPECT_EQ(mesh.link(slot_at(1), slot_at(3), now).hold, Hold::none) << "nobody told of that link";
    path.at = now += Mesh::kSuspicion;
    mesh.take(path);
    EXPECT_TRUE(mesh.is_pressing()) << "it had been forgiven";
}

}  // namespace
}  // namespace izar
