// What becomes of flows when links, paths and egresses go: backup paths, repair at a relay, a second egress, RST.
#include <gtest/gtest.h>

#include "dataplane/stages/follow_flow.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

constexpr int kManyPackets = static_cast<int>(kMaxBurst);

std::vector<PacketBuilder> many(const PacketBuilder& packet, int times = kManyPackets) {
    return std::vector<PacketBuilder>(static_cast<std::size_t>(times), packet);
}

// Clients at 1; services 1 (TCP) and 2 (UDP) with egresses 3 and 4; 2 is a relay.
class Failover : public testing::Test {
  protected:
    TestWorld world{4};

    void SetUp() override { serve(1, 1); }

    // Weights of the egresses; the one that a client takes first is 3 where 4 has none.
    void serve(std::uint32_t weight3, std::uint32_t weight4) {
        world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(3, weight3).egress(4, weight4).origin("10.3.0.80"))
            .service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(3, weight3).egress(4, weight4).origin("10.3.0.80"))
            .publish();
    }
    PacketBuilder from_client(PacketBuilder packet) { return packet.from("10.1.0.10", 40000).to("10.99.0.80", 80); }
    int node_reached() { return world.on_wan.front().overlay->destination.bytes()[3]; }
};

TEST_F(Failover, TheBackupIsTakenInTheNextBurstAfterALinkWentDown) {
    world.route(1, 3, {{{3}}, {{2, 3}}});
    serve(1, 0);
    world.send(1, from_client(tcp_syn()));
    EXPECT_EQ(world.on_wan[0].text().substr(0, 4), "1>3 ");
    world.set_link(1, 3, false);
    EXPECT_EQ(world.send(1, from_client(tcp_data())), Lines{"3: tcp 10.3.0.1:40000 > 10.3.0.80:80 A"});
    EXPECT_EQ(world.on_wan[0].text().substr(0, 10), "1>2 via 3 ");
}

TEST_F(Failover, DatagramsOfOneBurstAllMoveToTheSecondEgress) {
    serve(1, 0);
    world.send(1, from_client(udp()));
    EXPECT_EQ(node_reached(), 3);
    world.route(1, 3, {});
    serve(0, 1);
    world.send(1, many(from_client(udp())));
    ASSERT_EQ(world.on_wan.size(), many(udp()).size());
    EXPECT_EQ(node_reached(), 4);
}

TEST_F(Failover, AConnectionOutlivesAMomentWithoutPath) {
    serve(1, 0);
    world.send(1, from_client(tcp_syn()));
    world.route(1, 3, {});
    serve(1, 0);
    EXPECT_EQ(world.send(1, many(from_client(tcp_data()))), Lines{});
    EXPECT_EQ(world[1].count(Verdict::no_path), many(tcp_data()).size());
    world.advance(kEgressPatience - milliseconds{100});
    EXPECT_EQ(world.send(1, from_client(tcp_data())), Lines{});
    world.route(1, 3, {{{3}}});
    serve(1, 0);
    EXPECT_EQ(world.send(1, from_client(tcp_data())), Lines{"3: tcp 10.3.0.1:40000 > 10.3.0.80:80 A"});
}

TEST_F(Failover, ConnectionsOfADeadEgressAreReset) {
    serve(1, 0);
    world.send(1, from_client(tcp_syn()));
    world.route(1, 3, {});
    serve(0, 1);
    EXPECT_EQ(world.send(1, from_client(tcp_data())), Lines{});
    world.advance(kEgressPatience);
    const Lines out = world.send(1, many(from_client(tcp_data().acknowledges(5000))));
    EXPECT_EQ(out, Lines(kManyPackets, "1: tcp 10.99.0.80:80 > 10.1.0.10:40000 R"));
    EXPECT_EQ(world.on_lan[0].sequence, 5000u);
    world.send(1, from_client(tcp_syn()));
    EXPECT_EQ(node_reached(), 4) << "a new connection goes elsewhere";
}

TEST_F(Failover, AChoiceThatFallsOnTheDeadEgressAgainIsNotRepeated) {
    serve(1, 0);
    world.send(1, from_client(udp()));
    world.route(1, 3, {});
    serve(1, 0);  // the choice still names 3
    world.send(1, many(from_client(udp())));
    EXPECT_EQ(world[1].count(Verdict::no_path), many(udp()).size());
    EXPECT_TRUE(world.on_wan.empty());
}

TEST_F(Failover, ANodeThatBecomesTheEgressOfAFlowItSentElsewhere) {
    serve(1, 0);
    world.send(1, from_client(tcp_syn()));
    // Another ingress has chosen node 1 as egress of the same connection: without a SYN there is no session here.
    const Bytes data = OverlayPacket{.inner = from_client(tcp_data()).bytes(),
                                     .source = ip("192.0.2.2"),
                                     .destination = ip("192.0.2.1"),
                                     .sender = 2,
                                     .ingress = 2}
                           .bytes();
    for (int i = 0; i < 2; ++i) {
        world[1].put(kWan, ethernet(port_mac(1, kWan), port_mac(2, kWan), data));
    }
    world.settle();
    ASSERT_EQ(world.on_wan.size(), 2u);
    EXPECT_EQ(world.on_wan[0].text(), "1>2 service 1: tcp 10.99.0.80:80 > 10.1.0.10:40000 R");
    // The client's own connection goes on.
    world.send(1, from_client(tcp_data()));
    EXPECT_EQ(node_reached(), 3);
}

TEST_F(Failover, TheServiceOfAFlowIsTakenAwayBeforeItsSessionIsOpened) {
    serve(1, 0);
    world.send(1, from_client(udp()));
    const Bytes late = OverlayPacket{.inner = from_client(udp()).bytes(),
                                     .source = ip("192.0.2.2"),
                                     .destination = ip("192.0.2.1"),
                                     .service = 2,
                                     .sender = 2,
                                     .ingress = 2}
                           .bytes();
    world[1].publish(world.fleet_of(1), std::make_shared<const ServiceTable>(std::vector<Service>{}),
                     [](RouteTable&) {});
    world.send_packet(1, kWan, late);
    EXPECT_EQ(world[1].count(Verdict::unknown_service), 1u);
}

// The way from 1 to 3 leads over 2, whose link to 3 dies.
class Repair : public testing::Test {
  protected:
    TestWorld world{4};

    void SetUp() override {
        world.service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80"))
            .route(1, 3, {{{2, 3}}})
            .route(2, 3, {{{3}}, {{4, 3}}})
            .publish();
    }
    Lines ask() { return world.send(1, udp().from("10.1.0.10", 40000).to("10.99.0.80", 80)); }
};

TEST_F(Repair, ARelayTakesItsOwnWayRoundADeadLinkOnce) {
    world.set_link(2, 3, false);
    EXPECT_EQ(ask(), Lines{"3: udp 10.3.0.1:40000 > 10.3.0.80:80"});
    ASSERT_EQ(world.on_wan.size(), 3u);
    EXPECT_EQ(world.on_wan[1].text().substr(0, 9), "2>4 via 3");
    EXPECT_EQ(world.on_wan[1].overlay->flags, kFlagRepaired);
    EXPECT_EQ(world.on_wan[2].overlay->flags, kFlagRepaired);
    EXPECT_EQ(world.on_wan[2].overlay->ingress, 1);
}

TEST_F(Repair, ARepairedPacketIsNotRepairedAgain) {
    world.set_link(2, 3, false);
    world.set_link(4, 3, false);
    ask();
    ASSERT_EQ(world.on_wan.size(), 3u);
    EXPECT_EQ(world.on_wan[2].text().substr(0, 4), "4>3 ") << "its segments are kept, also over a link said to be dead";
}

TEST_F(Repair, NeverBackToTheSender) {
    world.route(2, 3, {{{3}}, {{1, 3}}}).publish();
    world.set_link(2, 3, false);
    ask();
    ASSERT_EQ(world.on_wan.size(), 2u);
    EXPECT_EQ(world.on_wan[1].text().substr(0, 4), "2>3 ") << "rather over a link said to be dead, which may live";
    EXPECT_EQ(world.on_wan[1].overlay->flags & kFlagRepaired, 0);
    EXPECT_EQ(world[2].count(Verdict::no_path), 0u);
}

// A better path appears while a flow is on another.
class Flowlet : public testing::Test {
  protected:
    TestWorld world{3};

    void SetUp() override {
        world.service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80"));
        prefer({{{3}, 50'000}});
        EXPECT_EQ(first_hop(), 3);
        prefer({{{2, 3}, 20'000}, {{3}, 50'000}});
    }
    void prefer(std::vector<PathSpec> paths) { world.route(1, 3, std::move(paths)).publish(); }
    int first_hop() {
        world.send(1, udp().from("10.1.0.10", 40000).to("10.99.0.80", 80));
        return world.on_wan[0].overlay->destination.bytes()[3];
    }
};

TEST_F(Flowlet, MovesAtAGapLongerThanTheDifferenceOfTheDelays) {
    world.advance(milliseconds{20});
    EXPECT_EQ(first_hop(), 3) << "20 ms are shorter than 50 - 20 ms";
    world.advance(milliseconds{31});
    EXPECT_EQ(first_hop(), 2);
}

TEST_F(Flowlet, MovesAfter300MillisecondsWithoutAGap) {
    Nanos waited{0};
    while (first_hop() == 3 && waited < milliseconds{1000}) {
        world.advance(milliseconds{10});
        waited += milliseconds{10};
    }
    EXPECT_GE(waited, milliseconds{300});
    EXPECT_LE(waited, milliseconds{320});
}

TEST_F(Flowlet, MovesAtOnceFromADeadLink) {
    world.set_link(1, 3, false);
    EXPECT_EQ(first_hop(), 2);
}

TEST_F(Flowlet, MovesAtOnceWhenThePathIsGone) {
    prefer({{{2, 3}, 20'000}});
    EXPECT_EQ(first_hop(), 2);
}

}  // namespace
}  // namespace izar
