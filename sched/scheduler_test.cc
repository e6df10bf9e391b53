#include "sched/scheduler.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "dataplane/wire/overlay.h"
#include "sched/explain.h"
#include "sched/testing/four_nodes.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

using SchedulerTest = FourNodes;

TEST_F(SchedulerTest, TakesTheFastestPathAndADisjointBackup) {
    EXPECT_EQ(node.path_to(3), "0-2-3");
    EXPECT_EQ(node.backup_to(3), "0-1-3");
    EXPECT_EQ(node.path_to(1), "0-1");
    EXPECT_EQ(node.backup_to(1), "0-2-1");
    const Path& path = node.to(3).path[0];
    EXPECT_EQ(path.first_link, slot_at(2));
    EXPECT_EQ(path.predicted_rtt_us, 30'000u);
    EXPECT_EQ(path.inner_mtu, 1500 - overlay_overhead(Family::ipv4));
}

TEST_F(SchedulerTest, LeavesADeadLinkInTheSameRound) {
    node.lose(2);
    EXPECT_TRUE(node.round());
    EXPECT_EQ(node.path_to(3), "0-1-3");
    EXPECT_EQ(node.backup_to(3), "0-3");
    const SchedulerStatus status = node.scheduler.status(node.now);
    ASSERT_TRUE(status.last_cut.has_value());
    EXPECT_EQ(*status.last_cut, 0ns);
    EXPECT_EQ(status.links[1].state, LinkState::down);
    EXPECT_EQ(status.links[1].why, "silent");
    EXPECT_EQ(status.paths[2].why, "the one before failed");
}

TEST_F(SchedulerTest, ANodeThatHearsNobodyAnyMoreKeepsItsPathsForAMoment) {
    node.lose(1);
    node.lose(2);
    node.run(20ms);
    node.lose(3);
    node.run(Mesh::kPatience - 10ms);
    EXPECT_EQ(node.path_to(3), "0-3") << "the last path there was";
    node.hear(3);
    live(10ms);
    EXPECT_EQ(node.path_to(3), "0-3");
    node.run(Mesh::kPatience);
    EXPECT_EQ(node.path_to(3), "0-3");
}

TEST_F(SchedulerTest, ANodeThatHearsNobodyForLongerHasNoPath) {
    for (const std::size_t link : {1, 2, 3}) {
        node.lose(link);
    }
    node.run(Mesh::kPatience - 1ms);
    EXPECT_NE(node.path_to(3), "none");
    node.run(2ms);
    EXPECT_EQ(node.path_to(3), "none");
}

TEST_F(SchedulerTest, LinksThatDieOneByOneAreBelieved) {
    node.lose(1);
    node.lose(2);
    node.run(Mesh::kTogether);
    EXPECT_EQ(node.path_to(3), "0-3");
    node.lose(3);
    node.round();
    EXPECT_EQ(node.path_to(3), "none");
}

TEST_F(SchedulerTest, LeavesALinkThatGotSlowWithinASecond) {
    direct_3 = 12ms;
    live(1s);
    EXPECT_EQ(node.path_to(3), "0-3");
}

TEST_F(SchedulerTest, KeepsThePathIfTheGainIsSmall) {
    direct_3 = 27ms;  // better by 3 ms and 10 %: not 5 ms
    live(5s);
    EXPECT_EQ(node.path_to(3), "0-2-3");
    const SchedulerStatus status = node.scheduler.status(node.now);
    EXPECT_EQ(status.paths[2].why, "kept, a better one is not better by both margins");
}

TEST_F(SchedulerTest, APeerThatLosesALinkMovesThePath) {
    node.tell(2, 3, 0ms);
    node.round();
    EXPECT_EQ(node.path_to(3), "0-1-3");
}

TEST_F(SchedulerTest, NoMeasurementIsNeverGood) {
    TestNode fresh{3};
    fresh.run(100ms);
    EXPECT_EQ(fresh.path_to(1), "none");
    fresh.hear(1);  // heard, but its RTT is not known
    fresh.run(100ms);
    EXPECT_EQ(fresh.path_to(1), "none");
    fresh.measure(1, 5ms);
    fresh.run(100ms);
    EXPECT_EQ(fresh.path_to(1), "0-1");
    EXPECT_EQ(fresh.path_to(2), "none");
}

TEST_F(SchedulerTest, ALinkThatComesBackHasToProveItself) {
    node.lose(2);
    live(100ms);  // the last answers on the link are still read, and do not bring it back
    EXPECT_EQ(node.path_to(3), "0-1-3");
    node.hear(2);
    live(500ms);
    EXPECT_EQ(node.path_to(3), "0-1-3");
    live(2s);
    EXPECT_EQ(node.path_to(3), "0-2-3");
}

TEST_F(SchedulerTest, AWithdrawnNodeVanishesAtOnceAndReturns) {
    node.feed({.withdrawn = {id_at(2)}});
    node.round();
    EXPECT_EQ(node.path_to(3), "0-1-3");
    EXPECT_EQ(node.path_to(2), "none");
    node.feed({.restored = {id_at(2)}});
    live(3s);
    EXPECT_EQ(node.path_to(2), "0-2");
}

TEST_F(SchedulerTest, ANewFleetKeepsThePathsOfNodesThatStay) {
    node.feed({.fleet = make_fleet(6, 0, 2)});
    node.round();
    EXPECT_EQ(node.path_to(3), "0-2-3");
    EXPECT_EQ(node.published().fleet->version, 2u);
    node.feed({.fleet = make_fleet(2, 0, 3)});
    node.round();
    EXPECT_EQ(node.path_to(1), "0-1");
    EXPECT_EQ(node.path_to(3), "none") << "gone, and nothing of an older table is left in the new one";
    EXPECT_EQ(node.backup_to(1), "none") << "its relay is gone";
}

TEST_F(SchedulerTest, StaticDataWithTheSameNodesIsPublishedAndNothingPlanned) {
    node.round();
    const SchedulerStatus before = node.scheduler.status(node.now);
    node.feed({.fleet = make_fleet(4, 0, 2), .services = std::make_shared<const ServiceTable>(std::vector<Service>{})});
    node.feed({.fleet = make_fleet(4, 0, 3)});
    node.round();
    const SchedulerStatus after = node.scheduler.status(node.now);
    EXPECT_EQ(node.published().fleet->version, 3u);
    EXPECT_EQ(after.published, before.published + 1);
    EXPECT_EQ(node.scheduler.routes(kDefaultPolicy).planner().looked_at(), 0u);
    EXPECT_EQ(node.path_to(3), "0-2-3");
    EXPECT_EQ(node.backup_to(3), "0-1-3");
    node.lose(2);
    node.round();
    EXPECT_EQ(node.path_to(3), "0-1-3");
}

TEST_F(SchedulerTest, ANodeThatOnlyMovedKeepsItsPathsAtItsNewPlace) {
    auto fleet = make_fleet(4, 0, 2);
    fleet->nodes[2].overlay_address = *IpAddress::parse("10.7.0.1");
    node.feed({.fleet = fleet});
    node.round();
    EXPECT_EQ(node.published().fleet->node(slot_at(2)).overlay_address.text(), "10.7.0.1");
    EXPECT_EQ(node.path_to(3), "0-2-3");
}

TEST_F(SchedulerTest, ASlotWithAnotherNodeStartsAnew) {
    auto fleet = make_fleet(4, 0, 2);
    fleet->nodes[2].id = NodeId{77};
    fleet->slot_of_id[raw(id_at(2))] = kNoSlot;
    fleet->slot_of_id[77] = slot_at(2);
    node.feed({.fleet = fleet});
    node.round();
    EXPECT_EQ(node.path_to(2), "none");
    EXPECT_EQ(node.path_to(3), "0-1-3");
}

TEST_F(SchedulerTest, ANewPolicyIsObeyedAtOnce) {
    RoutingPolicy policy;
    policy.forbidden_nodes = {"n2"};
    node.feed({.policies = only(policy)});
    node.round();
    EXPECT_EQ(node.path_to(3), "0-1-3");
    policy.forbidden_nodes.clear();
    policy.spread = true;
    policy.spread_margin = 0.7;
    node.feed({.policies = only(policy)});
    node.round();
    const auto on_backup = std::ranges::count(node.to(3).spread, 1);
    EXPECT_GT(on_backup, 4) << "flows are spread over both near-equal paths";
    EXPECT_LT(on_backup, 12);
}

TEST_F(SchedulerTest, ARelayWithAFullUplinkIsLeftAndTakenAgainAfterAWhile) {
    node.feed({.policies = only({.caps = {.bandwidth_percent = 80}}), .life = FeedLife::live});
    const auto tell = [&](std::uint64_t mbit_per_s) {
        const NodeLoad load{.used = BitRate{mbit_per_s * 1'000'000}, .capacity = BitRate{100'000'000}};
        node.feed({.nodes = {{.node = id_at(2), .load = load}}});
        live(1s);
    };
    tell(79);
    EXPECT_EQ(node.path_to(3), "0-2-3");
    tell(81);
    EXPECT_EQ(node.path_to(3), "0-1-3");
    EXPECT_EQ(node.path_to(2), "0-2") << "what goes to the node itself does not use its uplink as a relay's";
    tell(40);
    live(10s);
    EXPECT_EQ(node.path_to(3), "0-1-3") << "it is empty because it was left";
    node.now += 2 * RelayGate::kShortestWait;
    tell(40);
    live(10s);
    EXPECT_EQ(node.path_to(3), "0-2-3");
}

TEST_F(SchedulerTest, EachServiceHasThePathsAndEgressesOfItsPolicy) {
    Service web{.id = ServiceId{7}, .name = "web", .vip = *IpAddress::parse("10.9.0.1"), .first_port = 80};
    web.last_port = 80;
    web.egresses = {{id_at(2), 1}, {id_at(3), 1}};
    Service dns = web;
    dns.id = ServiceId{8};
    std::strcpy(dns.name, "dns");
    dns.first_port = dns.last_port = 53;
    RoutingPolicies policies{.list = {{}, {.name = "not-2"}}, .of_service = {{"web", PolicyIndex{1}}}};
    policies.list[1].forbidden_nodes = {"n2"};
    const std::uint16_t version = node.published().routes->policy_version;
    node.feed({.services = std::make_shared<const ServiceTable>(std::vector{web, dns}, 3),
               .policies = std::make_shared<const RoutingPolicies>(policies)});
    node.round();
    EXPECT_EQ(node.path_to(3, 0), "0-2-3");
    EXPECT_EQ(node.path_to(3, 1), "0-1-3");
    EXPECT_EQ(node.path_to(2, 1), "0-2") << "replies still find a client that entered there";
    const ServiceTable& services = *node.published().services;
    EXPECT_EQ(services[0].policy, PolicyIndex{1});
    EXPECT_EQ(services[1].policy, kDefaultPolicy);
    EXPECT_EQ(std::ranges::count(services[0].egress_choice->slot, 0), 0) << "nor is it an egress of web";
    EXPECT_GT(std::ranges::count(services[1].egress_choice->slot, 0), 1500);
    EXPECT_NE(node.published().routes->policy_version, version);
    const Explanation told = explain(node.scheduler, {.from = id_at(0), .to = id_at(3), .policy = "not-2"}, node.now);
    ASSERT_EQ(told.candidates.size(), 3u);
    EXPECT_TRUE(told.candidates[0].in_use);
    EXPECT_FALSE(told.candidates[2].cost.has_value()) << "told, but it may not be used";
    EXPECT_EQ(node.scheduler.status(node.now).paths.size(), 6u);
    // A policy that goes takes its paths along.
    node.feed({.policies = only({})});
    node.round();
    EXPECT_EQ((*node.published().services)[0].policy, kDefaultPolicy);
    EXPECT_GT(std::ranges::count((*node.published().services)[0].egress_choice->slot, 0), 1500);
}

TEST_F(SchedulerTest, EgressesOutOfReachGetNoNewFlows) {
    Service service{.id = ServiceId{7}, .vip = *IpAddress::parse("10.9.0.1"), .first_port = 80, .last_port = 80};
    service.egresses = {{id_at(3), 1}, {id_at(1), 1}};
    service.origins = {{*IpAddress::parse("10.8.0.1"), 80, 1}};
    node.feed({.services = std::make_shared<const ServiceTable>(std::vector{service}, 3)});
    node.round();
    const auto share_of = [&](std::uint8_t member) {
        return std::ranges::count((*node.published().services)[0].egress_choice->slot, member);
    };
    EXPECT_GT(share_of(0), 1500);
    EXPECT_GT(share_of(1), 1500);
    node.lose(3);
    node.tell(1, 3, 0ms);
    node.tell(2, 3, 0ms);
    node.round();
    EXPECT_EQ(node.path_to(3), "none");
    EXPECT_EQ(share_of(0), 0);
    EXPECT_EQ(share_of(1), static_cast<std::ptrdiff_t>(kMaglevSlots));
    EXPECT_EQ(node.published().services->version(), 3u);
}

TEST_F(SchedulerTest, ABusyEgressGetsFewerNewFlows) {
    Service service{.id = ServiceId{7}};
    service.egresses = {{id_at(3), 1}, {id_at(1), 1}};
    service.origins = {{*IpAddress::parse("10.8.0.1"), 80, 1}};
    node.feed({.services = std::make_shared<const ServiceTable>(std::vector{service}, 3),
               .life = FeedLife::live,
               .nodes = {{.node = id_at(3), .load = {.egress_percent = 50}},
                         {.node = id_at(1), .load = {.egress_percent = 150}}}});
    const auto share_of = [&](std::uint8_t member) {
        const auto& slots = (*node.published().services)[0].egress_choice->slot;
        return static_cast<double>(std::ranges::count(slots, member)) / kMaglevSlots;
    };
    live(100ms);
    EXPECT_NEAR(share_of(0), 0.25, 0.01);
    for (int i = 0; i < 16; ++i) {  // the controller goes on talking, but no longer about them
        live(1s);
    }
    EXPECT_NEAR(share_of(0), 0.5, 0.01);
}

TEST_F(SchedulerTest, CoalescesWhileNoTableIsFree) {
    node.lcore_polls = false;
    for (std::size_t i = 0; i < 3 * Publisher::kRoots; ++i) {
        i % 2 == 0 ? node.lose(1) : node.hear(1);
        node.run(2ms);
    }
    EXPECT_GT(node.scheduler.status(node.now).coalesced, 0u);
    node.lose(2);
    node.round();
    node.lcore_polls = true;
    node.run(3ms);
    EXPECT_EQ(node.path_to(3), "0-3") << "what was held back is published as soon as there is room";
}

TEST_F(SchedulerTest, ForcedRewritesKeepTheirRate) {
    const auto before = node.generation();
    node.scheduler.set_forced_rewrites(1000);
    node.run(1s);
    EXPECT_NEAR(static_cast<double>(node.generation() - before), 1000, 15);
    node.scheduler.set_forced_rewrites(0);
    const auto after = node.generation();
    node.run(100ms);
    EXPECT_LE(node.generation() - after, 2u);
}

TEST_F(SchedulerTest, PublishesNothingWhileNothingChanges) {
    live(2s);
    const auto before = node.generation();
    live(10s);
    EXPECT_EQ(node.generation(), before);
}

TEST_F(SchedulerTest, TellsItsOwnRow) {
    const auto row = node.published().own_row;
    ASSERT_EQ(row->items.size(), 3u);
    EXPECT_EQ(row->items[1].node.value(), raw(id_at(2)));
    EXPECT_EQ(row->items[1].rtt_us.value(), 10'000u);
    node.lose(2);
    node.round();
    EXPECT_EQ(node.published().own_row->items[1].rtt_us.value(), kUnreachableRtt);
    EXPECT_GT(node.published().own_row->version, row->version);
}

TEST_F(SchedulerTest, AnswersTheMainThread) {
    std::optional<SchedulerStatus> status;
    std::optional<Explanation> told;
    std::atomic<bool> done{false};
    std::thread main{[&] {
        status = node.view.ask_status(10s);
        told = node.view.ask_explanation(id_at(3), id_at(0), "", 10s);
        done = true;
    }};
    while (!done) {
        node.round();
    }
    main.join();
    ASSERT_TRUE(status && told);
    EXPECT_EQ(status->paths.size(), 3u);
    EXPECT_EQ(status->paths[2].segment_names, (std::vector<std::string>{"n2", "n3"}));
    EXPECT_EQ(told->error, "");
}

}  // namespace
}  // namespace izar
