// What a node answers by itself: too big, MSS clamp, ARP and ND, RST, and what it leaves to the kernel.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kInnerMtu4 = 1500 - 88;
constexpr std::uint16_t kInnerMtu6 = 1500 - 108;

class Answers : public testing::Test {
  protected:
    TestWorld world{2};
    void SetUp() override { serve(world); }
    static void serve(TestWorld& world) {
        world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"))
            .service(ServiceSpec{2}.at("fd00:99::80").tcp(80).egress(2).origin("fd00:2::80"))
            .service(ServiceSpec{3}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80"))
            .publish();
    }
    PacketBuilder from_client(PacketBuilder packet) { return packet.from("10.1.0.10", 40000).to("10.99.0.80", 80); }
    PacketBuilder from_client6(PacketBuilder packet) { return packet.from("fd00:1::10", 40000).to("fd00:99::80", 80); }
};

TEST_F(Answers, WhatDoesNotFitIsAnsweredWithTheMtuThatDoes) {
    EXPECT_EQ(world.send(1, from_client(tcp_data()).long_in_all(kInnerMtu4)).size(), 1u) << "fits exactly";
    EXPECT_EQ(world.send(1, from_client(tcp_data()).long_in_all(kInnerMtu4 + 1)),
              Lines{"1: too-big 10.99.0.80 > 10.1.0.10 mtu 1412"});
    const SeenPacket& error = world.on_lan[0];
    EXPECT_EQ(error.packet.size(), 576u) << "RFC 1812 section 4.3.2.3";
    const Bytes asked = from_client(tcp_data()).long_in_all(kInnerMtu4 + 1).bytes();
    EXPECT_TRUE(std::equal(error.payload.begin(), error.payload.end(), asked.begin())) << "quotes the packet";
    EXPECT_EQ(error.to_mac, host_mac(ip("10.1.0.10")));
}

TEST_F(Answers, ErrorsAreSentAtALimitedRate) {
    const Bytes large = from_client(tcp_data()).long_in_all(kInnerMtu4 + 1).bytes();
    const auto errors_of = [&](int packets) {
        std::size_t errors = 0;
        for (int i = 0; i < packets; ++i) {
            world[1].put_packet(kLan, large, world.now);
            world[1].round(world.now);
            errors += world[1].take(kLan).size();
        }
        return errors;
    };
    EXPECT_EQ(errors_of(5'000), 512u);
    EXPECT_EQ(world[1].count(Verdict::too_big), 5'000u);
    world.now += seconds{1};
    EXPECT_EQ(errors_of(1), 1u);
}

TEST_F(Answers, PacketTooBigOverIpv6) {
    EXPECT_EQ(world.send(1, from_client6(tcp_syn())).size(), 1u);
    EXPECT_EQ(world.send(1, from_client6(tcp_data()).long_in_all(kInnerMtu4 + 1)),
              Lines{"1: too-big fd00:99::80 > fd00:1::10 mtu 1412"});
    EXPECT_EQ(world.on_lan[0].packet.size(), 1280u) << "RFC 4443 section 2.4";
}

TEST_F(Answers, AnIpv6UnderlayLeavesLess) {
    TestWorld six(2, Family::ipv6);
    serve(six);
    EXPECT_EQ(six.send(1, from_client(tcp_data()).long_in_all(kInnerMtu6 + 1)),
              Lines{"1: too-big 10.99.0.80 > 10.1.0.10 mtu 1392"});
}

TEST_F(Answers, AnOriginsTooBigPacketIsAnsweredInTheTermsThatItKnows) {
    world.send(1, from_client(tcp_syn()));
    const PacketBuilder large = tcp_data().from("10.2.0.80", 80).to("10.2.0.1", 40000).long_in_all(1500);
    EXPECT_EQ(world.send(2, large), Lines{"2: too-big 10.2.0.1 > 10.2.0.80 mtu 1412"});
    const Bytes asked = large.bytes();
    EXPECT_TRUE(std::equal(world.on_lan[0].payload.begin(), world.on_lan[0].payload.end(), asked.begin()));
}

TEST_F(Answers, MssIsClampedInBothDirectionsAtEveryOffset) {
    for (unsigned nops = 0; nops < 4; ++nops) {
        const auto port = static_cast<std::uint16_t>(41000 + nops);
        world.send(1, tcp_syn().from("10.1.0.10", port).to("10.99.0.80", 80).mss(1460, nops));
        ASSERT_EQ(world.on_lan.size(), 1u);
        EXPECT_EQ(world.on_lan[0].mss, kInnerMtu4 - 40) << nops;
        world.send(2, tcp_syn_ack().from("10.2.0.80", 80).to("10.2.0.1", port).mss(9000, nops));
        ASSERT_EQ(world.on_lan.size(), 1u);
        EXPECT_EQ(world.on_lan[0].mss, kInnerMtu4 - 40) << nops;
    }
    world.send(1, from_client6(tcp_syn()).mss(1440));
    EXPECT_EQ(world.on_lan[0].mss, kInnerMtu4 - 60);
    world.send(1, tcp_syn().from("10.1.0.10", 42000).to("10.99.0.80", 80).mss(1200));
    EXPECT_EQ(world.on_lan[0].mss, 1200) << "small ones stay";
    world.send(1, tcp_syn().from("10.1.0.10", 42001).to("10.99.0.80", 80));
    EXPECT_EQ(world.on_lan[0].mss, std::nullopt) << "none is added";
}

TEST_F(Answers, ArpForOwnAddressesAndVips) {
    const MacAddress asker = host_mac(ip("10.1.0.10"));
    const std::string mine = "1: arp 10.1.0.1 is at 02:00:00:00:01:00";
    EXPECT_EQ(world.send_frame(1, kLan, arp_request(asker, "10.1.0.10", "10.1.0.1")), Lines{mine});
    EXPECT_EQ(world.on_lan[0].to_mac, asker);
    EXPECT_EQ(world.send_frame(1, kLan, arp_request(asker, "10.1.0.10", "10.99.0.80")),
              Lines{"1: arp 10.99.0.80 is at 02:00:00:00:01:00"});
    EXPECT_EQ(world.send_frame(1, kLan, arp_request(asker, "10.1.0.10", "10.1.0.77")), Lines{});
    EXPECT_EQ(world.send_frame(1, kLan, arp_request(asker, "0.0.0.0", "10.1.0.1")),
              Lines{"1: arp 10.1.0.1 is at 02:00:00:00:01:00"});
    EXPECT_EQ(world[1].neighbors().find(kLan, ip("0.0.0.0")), kNoNeighbor);
}

TEST_F(Answers, AskersFromElsewhereAreNotNeighbors) {
    const MacAddress asker = host_mac(ip("10.1.0.10"));
    EXPECT_EQ(world.send_frame(1, kLan, arp_request(asker, "10.7.0.10", "10.1.0.1")).size(), 1u);
    EXPECT_EQ(world[1].neighbors().find(kLan, ip("10.7.0.10")), kNoNeighbor);
    EXPECT_EQ(world.send_frame(1, kLan, arp_request(asker, "10.1.0.33", "10.1.0.1")).size(), 1u);
    EXPECT_NE(world[1].neighbors().find(kLan, ip("10.1.0.33")), kNoNeighbor);
}

TEST_F(Answers, InventedNeighborsLeaveRoomForOrigins) {
    const MacAddress asker = host_mac(ip("fd00:2::10"));
    for (unsigned host = 1; host <= kMaxNeighbors; ++host) {
        world[2].put(kLan, solicitation(asker, fmt::format("fd00:2::7:{:x}", host), "fd00:2::1"));
        if (host % 16 == 0) {
            world[2].round(world.now);
            world[2].take(kLan);
        }
    }
    ASSERT_GE(world[2].neighbors().size(), kMaxNeighbors - kKeptNeighbors);
    world.service(ServiceSpec{4}.at("10.99.0.81").udp(80).egress(2).origin("10.2.0.81")).publish();
    EXPECT_EQ(world.send(1, udp().from("10.1.0.10", 40000).to("10.99.0.81", 80)),
              Lines{"2: udp 10.2.0.1:40000 > 10.2.0.81:80"});
}

TEST_F(Answers, NeighborDiscoveryForOwnAddressesAndVips) {
    const MacAddress asker = host_mac(ip("fd00:1::10"));
    EXPECT_EQ(world.send_frame(1, kLan, solicitation(asker, "fd00:1::10", "fd00:1::1")),
              Lines{"1: advert fd00:1::1 to fd00:1::10"});
    EXPECT_EQ(world.on_lan[0].to_mac, asker);
    EXPECT_EQ(world.on_lan[0].ttl, 255);
    EXPECT_EQ(world.send_frame(1, kLan, solicitation(asker, "fd00:1::10", "fd00:99::80")),
              Lines{"1: advert fd00:99::80 to fd00:1::10"});
    EXPECT_EQ(world.send_frame(1, kLan, solicitation(asker, "fd00:1::10", "fd00:1::77")), Lines{});
}

TEST_F(Answers, AnUnknownNextHopIsAskedForAndItsPacketsFollow) {
    world[2].forget(kLan, ip("10.2.0.80"));
    EXPECT_EQ(world.send(1, from_client(tcp_syn())), Lines{"2: arp who-has 10.2.0.80 tell 10.2.0.1"});
    EXPECT_EQ(world.send(1, from_client(tcp_syn())), Lines{}) << "not asked twice within 200 ms";
    EXPECT_EQ(world.advance(milliseconds{250}), Lines{"2: arp who-has 10.2.0.80 tell 10.2.0.1"});
    const Bytes answer = arp_reply(port_mac(2, kLan), host_mac(ip("10.2.0.80")), "10.2.0.80", "10.2.0.1");
    const std::string syn = "2: tcp 10.2.0.1:40000 > 10.2.0.80:80 S";
    EXPECT_EQ(world.send_frame(2, kLan, answer), (Lines{syn, syn}));
}

TEST_F(Answers, AnUnknownIpv6NextHopIsSolicited) {
    world[2].forget(kLan, ip("fd00:2::80"));
    EXPECT_EQ(world.send(1, from_client6(tcp_syn())), Lines{"2: solicit fd00:2::80 from fd00:2::1"});
    EXPECT_EQ(world.on_lan[0].to_mac, (MacAddress{{0x33, 0x33, 0xFF, 0, 0, 0x80}}));
    const Bytes answer = advertisement(port_mac(2, kLan), host_mac(ip("fd00:2::80")), "fd00:2::80", "fd00:2::1");
    EXPECT_EQ(world.send_frame(2, kLan, answer), Lines{"2: tcp fd00:2::1:40000 > fd00:2::80:80 S"});
}

TEST_F(Answers, ANeighborThatFallsSilentIsForgotten) {
    world.advance(seconds{40}, milliseconds{100});
    EXPECT_FALSE(world[2].neighbors().mac(world[2].neighbors().find(kLan, ip("10.2.0.80"))).known());
    EXPECT_EQ(world.send(1, from_client(tcp_syn())).size(), 1u) << "and is asked for anew";
}

TEST_F(Answers, ASegmentToAClosedPortOfAVipIsReset) {
    EXPECT_EQ(world.send(1, tcp_syn().from("10.1.0.10", 40000).to("10.99.0.80", 81).sequence(9)),
              Lines{"1: tcp 10.99.0.80:81 > 10.1.0.10:40000 RA"});
    EXPECT_EQ(world.on_lan[0].acknowledgment, 10u);
    EXPECT_EQ(world.send(1, tcp(kTcpRst).from("10.1.0.10", 40000).to("10.99.0.80", 81)), Lines{});
}

TEST_F(Answers, DataWithoutSessionIsResetByTheEgress) {
    EXPECT_EQ(world.send(1, from_client(tcp_data(100)).acknowledges(4711)),
              Lines{"1: tcp 10.99.0.80:80 > 10.1.0.10:40000 R"});
    EXPECT_EQ(world.on_lan[0].sequence, 4711u);
    EXPECT_EQ(world[2].lcore().flows4.size(), 0u);
}

TEST(FullFlowTable, RefusesASynAndLeavesOtherConnectionsAlone) {
    NodeOptions one_flow;
    one_flow.memory.flows = 1;
    TestWorld world(2, Family::ipv4, one_flow);
    world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80")).publish();
    const auto client = [](std::uint8_t flags, std::uint16_t port) {
        return tcp(flags).from("10.1.0.10", port).to("10.99.0.80", 80);
    };
    EXPECT_EQ(world.send(1, client(kTcpSyn, 40000)), Lines{"2: tcp 10.2.0.1:40000 > 10.2.0.80:80 S"});
    EXPECT_EQ(world.send(1, client(kTcpSyn, 40001)), Lines{"1: tcp 10.99.0.80:80 > 10.1.0.10:40001 RA"});
    EXPECT_EQ(world.send(1, client(kTcpAck, 40002)), Lines{}) << "its egress may still know the connection";
    EXPECT_EQ(world[1].count(Verdict::flows_full), 1u);
    EXPECT_EQ(world[1].counters().flows_refused, 2u);
    EXPECT_EQ(world.send(1, client(kTcpAck, 40000)), Lines{"2: tcp 10.2.0.1:40000 > 10.2.0.80:80 A"});
}

TEST(Exceptions, WhatIsNotOursGoesToTheKernelAsItCame) {
    NodeOptions options;
    options.taps = true;
    TestWorld world(1, Family::ipv4, options);
    world.publish();
    const Bytes ssh = ethernet(port_mac(1, kLan), host_mac(ip("10.1.0.10")),
                               tcp_syn().from("10.1.0.10", 5000).to("10.1.0.1", 22).bytes());
    Bytes other = ssh;
    other[12] = 0x88;
    other[13] = 0xCC;  // LLDP
    const Bytes reply = arp_reply(port_mac(1, kLan), host_mac(ip("10.1.0.10")), "10.1.0.10", "10.1.0.1");
    world.send_frame(1, kLan, ssh);
    world.send_frame(1, kLan, other);
    world.send_frame(1, kLan, reply);
    EXPECT_EQ(world[1].take(kLanTap), (std::vector<Bytes>{ssh, other, reply}));
    // And what the kernel sends leaves by the port.
    EXPECT_EQ(world.send_frame(1, kLanTap, ssh).size(), 1u);
    EXPECT_EQ(world.on_lan[0].frame, ssh);
}

TEST(TcpStates, DecideHowLongAFlowIsRemembered) {
    TestWorld world(2);
    world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80")).publish();
    const auto client = [](std::uint8_t flags) { return tcp(flags).from("10.1.0.10", 40000).to("10.99.0.80", 80); };
    const auto origin = [](std::uint8_t flags) { return tcp(flags).from("10.2.0.80", 80).to("10.2.0.1", 40000); };
    const auto flows = [&] { return world[2].lcore().flows4.size(); };
    world.send(1, client(kTcpSyn));
    world.advance(seconds{16}, milliseconds{1});
    EXPECT_EQ(flows(), 0u) << "a connection that never opened: 10 s";
    world.send(1, client(kTcpSyn));
    world.send(2, origin(kTcpSyn | kTcpAck));
    world.send(1, client(kTcpAck));
    world.advance(seconds{60}, milliseconds{10});
    EXPECT_EQ(flows(), 1u) << "established: 900 s";
    world.send(1, client(kTcpFin | kTcpAck));
    world.send(2, origin(kTcpFin | kTcpAck));
    world.advance(seconds{29}, milliseconds{10});
    EXPECT_EQ(flows(), 1u) << "closing: 30 s";
    world.advance(seconds{6}, milliseconds{1});
    EXPECT_EQ(flows(), 0u);
}

}  // namespace
}  // namespace izar
