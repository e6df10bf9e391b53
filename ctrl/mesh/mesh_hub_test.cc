// The controller's hub and the agents' receivers together: what a receiver believes is what was measured.
#include "ctrl/mesh/mesh_hub.h"

#include <gtest/gtest.h>

#include "ctrl/mesh/mesh_links.h"
#include "sched/link_pricing.h"
#include "sched/summary/exchange.h"

namespace izar {
namespace {

SummaryRule rule() {
    SummaryRule out;
    out.kind = SummaryKind::pruned;
    out.eps = 0.02F;
    return out;
}

FeedLink link(std::uint16_t from, std::uint16_t to, int ms, bool reachable = true) {
    FeedLink out;
    out.from = NodeId{from};
    out.to = NodeId{to};
    out.rtt = std::chrono::milliseconds{ms};
    out.reachable = reachable;
    out.count = 1;
    return out;
}

// A triangle in which 1 to 3 is better over 2.
void measure(MeshHub& hub, int direct_ms) {
    hub.take_row(NodeId{1}, {link(1, 2, 4), link(1, 3, direct_ms)});
    hub.take_row(NodeId{2}, {link(2, 1, 4), link(2, 3, 5)});
    hub.take_row(NodeId{3}, {link(3, 1, direct_ms), link(3, 2, 5)});
}

std::optional<double> believed_ms(const SummaryReceiver& receiver, const MeshHub& hub, std::uint16_t from,
                                  std::uint16_t to) {
    for (const FeedLink& each : links_of(*receiver.newest(), hub.nodes())) {
        if (each.from == NodeId{from} && each.to == NodeId{to}) {
            return static_cast<double>(each.rtt.count()) / 1e6;
        }
    }
    return std::nullopt;
}

TEST(MeshHub, TellsWhatARelayedPathNeeds) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}});
    EXPECT_EQ(hub.message_for(0), nullptr);
    measure(hub, 40);
    hub.summarize();
    SummaryReceiver receiver;
    ASSERT_TRUE(receiver.receive(*hub.message_for(0)));
    const auto relay = believed_ms(receiver, hub, 2, 3);
    ASSERT_TRUE(relay);
    EXPECT_GE(*relay, 5.0);
    EXPECT_LE(*relay, 5.0 * 1.02);
}

TEST(MeshHub, FleetOfNoneOrOneIsNoTrouble) {
    MeshHub hub(rule());
    hub.summarize();
    EXPECT_EQ(hub.message_for(0), nullptr);
    hub.set_nodes({NodeId{1}});
    hub.summarize();
    SummaryReceiver receiver;
    ASSERT_NE(hub.message_for(0), nullptr);
    EXPECT_TRUE(receiver.receive(*hub.message_for(0)));
}

TEST(MeshHub, ChangesAreAgainstWhatTheReceiverHolds) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}});
    SummaryReceiver receiver;
    std::uint32_t held = 0;
    for (int round = 0; round < 20; ++round) {
        measure(hub, 40 + round);
        hub.summarize();
        if (round % 3 != 0) {  // every third is lost
            const auto taken = receiver.receive(*hub.message_for(held));
            ASSERT_TRUE(taken) << taken.error().text;
            held = *taken;
            EXPECT_EQ(held, hub.generation());
        }
    }
    SummaryReceiver whole;
    ASSERT_TRUE(whole.receive(*hub.message_for(0)));
    EXPECT_EQ(*whole.newest(), *receiver.newest());
}

TEST(MeshHub, DeadLinksAndLeftNodesAreNotTold) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}});
    measure(hub, 40);
    hub.take_link(link(2, 3, 5, false));
    hub.take_link(link(2, 9, 5));  // a node that nobody knows
    hub.summarize();
    SummaryReceiver receiver;
    ASSERT_TRUE(receiver.receive(*hub.message_for(0)));
    EXPECT_EQ(believed_ms(receiver, hub, 2, 3), std::nullopt);
    hub.set_nodes({NodeId{1}, NodeId{2}});
    EXPECT_EQ(hub.message_for(0), nullptr) << "what was summarized is of other nodes";
    hub.rows().for_each([](const FeedLink& each) {
        EXPECT_NE(each.from, NodeId{3});
        EXPECT_NE(each.to, NodeId{3});
    });
}

// A task that is done by another thread while measurements and nodes go on changing.
TEST(MeshHub, ATaskIsOfTheMomentItBegan) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}});
    measure(hub, 40);
    auto task = hub.begin_summary();
    ASSERT_TRUE(task);
    hub.take_link(link(2, 3, 5, false));
    EXPECT_EQ(hub.message_for(0), nullptr);
    EXPECT_TRUE(hub.take_summary((*std::move(task)).make()));
    SummaryReceiver receiver;
    ASSERT_TRUE(receiver.receive(*hub.message_for(0)));
    EXPECT_NE(believed_ms(receiver, hub, 2, 3), std::nullopt);

    auto late = hub.begin_summary();
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{4}});
    EXPECT_FALSE(hub.take_summary((*std::move(late)).make()));
    EXPECT_EQ(hub.message_for(0), nullptr);
}

std::optional<FeedLink> believed(const SummaryReceiver& receiver, const MeshHub& hub, std::uint16_t from,
                                 std::uint16_t to) {
    const auto links = links_of(*receiver.newest(), hub.nodes());
    const auto found =
        std::ranges::find_if(links, [&](const FeedLink& l) { return l.from == NodeId{from} && l.to == NodeId{to}; });
    return found == links.end() ? std::nullopt : std::optional(*found);
}

// Each end counts the loss of what it receives; what is told is that of both ways together.
TEST(MeshHub, TellsLossVariationAndBandwidthWithinTheirBounds) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}});
    measure(hub, 80);
    FeedLink lossy = link(2, 3, 5);
    lossy.loss = 0.02;
    lossy.variation = std::chrono::milliseconds{4};
    lossy.bandwidth = {.used = BitRate{200'000'000}, .count = 1};
    hub.take_link(lossy);
    FeedLink back = link(3, 2, 5);
    back.loss = 0.01;
    hub.take_link(back);
    hub.summarize();
    SummaryReceiver receiver;
    ASSERT_TRUE(receiver.receive(*hub.message_for(0)));
    const auto told = believed(receiver, hub, 2, 3);
    ASSERT_TRUE(told);
    const double loss = 1 - 0.98 * 0.99;
    EXPECT_TRUE(told->round_trip);
    EXPECT_GE(told->loss, loss - 1e-6);
    EXPECT_LE(told->loss, loss + 0.01 * (loss + 0.001) + 1e-6);
    EXPECT_GE(told->variation, lossy.variation);
    EXPECT_LE(told->variation, lossy.variation * 1.25 + std::chrono::microseconds{251});
    EXPECT_GE(told->rtt, lossy.rtt);
    EXPECT_LE(told->rtt, lossy.rtt * 1.01);
    ASSERT_EQ(told->bandwidth.count, 1U);
    EXPECT_GE(told->bandwidth.used, lossy.bandwidth.used);
    EXPECT_LE(raw(told->bandwidth.used), 1.25 * 210e6 - 10e6);
    const auto silent = believed(receiver, hub, 3, 2);
    EXPECT_TRUE(!silent || silent->bandwidth.count == 0) << "node 3 did not tell what it sends";
}

// The receiver's own policy prices what was told: a lossy relayed path is worse by rtt-loss and lyapunov, not by rtt.
TEST(MeshHub, LossReachesTheReceiversPolicy) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}});
    measure(hub, 80);
    FeedLink lossy = link(2, 3, 5);
    lossy.loss = 0.04;
    hub.take_link(lossy);
    hub.summarize();
    SummaryReceiver receiver;
    ASSERT_TRUE(receiver.receive(*hub.message_for(0)));

    Fleet fleet;
    fleet.self = NodeSlot{0};
    fleet.nodes = {{.id = NodeId{1}}, {.id = NodeId{2}}, {.id = NodeId{3}}};
    for (std::uint16_t slot = 0; slot < 3; ++slot) {
        fleet.slot_of_id[slot + 1U] = NodeSlot{slot};
    }
    Mesh mesh;
    mesh.set_fleet(fleet);
    constexpr Instant kNow{std::chrono::hours{1}};
    mesh.take(FeedUpdate{.life = FeedLife::live, .links = links_of(*receiver.newest(), hub.nodes())}, kNow);
    const auto loss_ms = [&](CostRule how) {
        RoutingPolicy policy;
        policy.rule = how;
        return price_link(mesh, policy, NodeSlot{1}, NodeSlot{2}, kNow).loss_ms;
    };
    EXPECT_EQ(loss_ms(CostRule::rtt), 0);
    EXPECT_NEAR(loss_ms(CostRule::rtt_loss), 0.04 / 0.96 * 1000, 0.5);
    EXPECT_NEAR(loss_ms(CostRule::lyapunov), 0.04 / 0.96 * 1000, 0.5);
}

// A relay that works at 100 % is not above a cap of 100.
TEST(MeshHub, TellsNoMoreThanAllOfACpu) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}});
    measure(hub, 40);
    hub.set_loads({{NodeId{1}, {.cpu_percent = 100}}, {NodeId{2}, {.cpu_percent = 98.5}}});
    hub.summarize();
    SummaryReceiver receiver;
    ASSERT_TRUE(receiver.receive(*hub.message_for(0)));
    for (const FeedNode& node : loads_of(*receiver.newest(), hub.nodes())) {
        EXPECT_GE(node.load.cpu_percent, 98.5 - 1e-4);
        EXPECT_LE(used_of_caps(RelayCaps{}, node.load), 1);
    }
}

// What lyapunov and caps on a relay's CPU go by, over many rounds of changes.
TEST(MeshHub, TellsLoadsOfNodesWithinTheirBound) {
    MeshHub hub(rule());
    hub.set_nodes({NodeId{1}, NodeId{2}, NodeId{3}, NodeId{7}});
    measure(hub, 40);
    SummaryReceiver receiver;
    std::uint32_t held = 0;
    for (int round = 0; round < 30; ++round) {
        const std::map<NodeId, NodeLoad> loads{
            {NodeId{1}, {.cpu_percent = 10.0 + round % 3}},
            {NodeId{2},
             {.cpu_percent = 60.0 + round, .cpu_variance = 80, .mean_queue = 1.0 * round, .variance_queue = 2}},
            {NodeId{3},
             {.cpu_percent = 12,
              .used = BitRate{30'000'000ULL * round},
              .capacity = BitRate{1'000'000'000},
              .egress_percent = 80}}};
        hub.set_loads(loads);
        hub.summarize();
        held = *receiver.receive(*hub.message_for(held));
        const auto told = loads_of(*receiver.newest(), hub.nodes());
        ASSERT_EQ(told.size(), 3U) << "nobody told the load of node 7";
        for (const FeedNode& node : told) {
            const NodeLoad& truth = loads.at(node.node);
            EXPECT_GE(node.load.cpu_percent, truth.cpu_percent - 1e-4);
            EXPECT_LE(node.load.cpu_percent, truth.cpu_percent + 0.05 * (truth.cpu_percent + 10) + 1e-4);
            EXPECT_GE(node.load.mean_queue, truth.mean_queue - 1e-4);
            EXPECT_LE(node.load.mean_queue, truth.mean_queue + 0.05 * (truth.mean_queue + 1) + 1e-4);
            EXPECT_GE(node.load.egress_percent, truth.egress_percent - 1e-3);
            EXPECT_LE(node.load.egress_percent, truth.egress_percent + 0.05 * (truth.egress_percent + 10) + 1e-3);
            const double used = static_cast<double>(raw(truth.used));
            EXPECT_NEAR(static_cast<double>(raw(node.load.used)), used + 0.025 * (used + 10e6),
                        0.025 * (used + 10e6) + 1e3);
            EXPECT_EQ(node.load.capacity == kNoRate, truth.capacity == kNoRate);
            EXPECT_LE(raw(node.load.capacity), 1.05 * static_cast<double>(raw(truth.capacity)));
        }
        EXPECT_EQ(told[1].load.mean_excess, 1) << "the busiest of all";
        EXPECT_LT(told[0].load.mean_excess, 0);
    }
    hub.set_loads({});
    hub.summarize();
    held = *receiver.receive(*hub.message_for(held));
    EXPECT_TRUE(loads_of(*receiver.newest(), hub.nodes()).empty());
}

TEST(MeshLinks, WhatIsNotToldOfALinkIsNone) {
    MeshSummary summary;
    summary.nodes = 2;
    summary.links.fraction_bits = {6, 6, 6, 6};
    const Quantizer quantizer(6);
    summary.links.items = {{{0, 1}, false, {quantizer.encode(4), quantizer.encode(1), kUnknownCode, kUnknownCode}}};
    const auto links = links_of(summary, {NodeId{1}, NodeId{2}});
    ASSERT_EQ(links.size(), 1U);
    EXPECT_EQ(links[0].loss, 0);
    EXPECT_EQ(links[0].variation, Nanos{0});
    EXPECT_EQ(links[0].bandwidth.count, 0U);
}

TEST(MeshLinks, DigestTellsSetsOfNodesApart) {
    EXPECT_EQ(nodes_digest({NodeId{1}, NodeId{2}}), nodes_digest({NodeId{1}, NodeId{2}}));
    EXPECT_NE(nodes_digest({NodeId{1}, NodeId{2}}), nodes_digest({NodeId{1}, NodeId{3}}));
    EXPECT_NE(nodes_digest({NodeId{1}}), nodes_digest({NodeId{256}}));
    EXPECT_TRUE(links_of(MeshSummary{}, {NodeId{1}}).empty());
}

}  // namespace
}  // namespace izar
