// Ingress, relay, egress and ingress = egress, for every transport, IP family and underlay: a packet goes in at the
// client's LAN and must come out translated at the origin's, and its answer the same way back.
#include <gtest/gtest.h>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

struct Ways {
    Family service;
    Family underlay;
    std::string text() const {
        return std::string("ipv") + (service == Family::ipv4 ? "4" : "6") + " over ipv" +
               (underlay == Family::ipv4 ? "4" : "6");
    }
};

class Roles : public testing::TestWithParam<Ways> {
  protected:
    bool v4() const { return GetParam().service == Family::ipv4; }
    std::string vip() const { return v4() ? "10.99.0.80" : "fd00:99::80"; }
    std::string client() const { return v4() ? "10.1.0.10" : "fd00:1::10"; }
    std::string egress() const { return v4() ? "10.3.0.1" : "fd00:3::1"; }
    std::string origin() const { return v4() ? "10.3.0.80" : "fd00:3::80"; }

    // Nodes 1 to 3; the way from 1 to 3 and back leads over 2.
    TestWorld world{3, GetParam().underlay};

    void SetUp() override {
        world.service(ServiceSpec{1}.at(vip()).tcp(80).egress(3).origin(origin(), 8080))
            .service(ServiceSpec{2}.at(vip()).udp(5000, 5999).egress(3).origin(origin()))
            .service(ServiceSpec{3}.at(vip()).tcp(0, 65535).egress(3).origin(origin()))
            .service(ServiceSpec{4}.at(vip()).echo().egress(3).origin(origin()))
            .route(1, 3, {{{2, 3}}, {{3}}})
            .route(3, 1, {{{2, 1}}, {{1}}})
            .publish();
    }
    Lines sent(const std::string& line) { return {line}; }
};

TEST_P(Roles, TcpGoesOverTheRelayAndBack) {
    const Lines out = world.send(1, tcp_syn().from(client(), 40000).to(vip(), 80));
    EXPECT_EQ(out, sent("3: tcp " + egress() + ":40000 > " + origin() + ":8080 S"));
    ASSERT_EQ(world.on_wan.size(), 2u);
    const std::string inner = "service 1: tcp " + client() + ":40000 > " + vip() + ":80 S";
    EXPECT_EQ(world.on_wan[0].text(), "1>2 via 3 " + inner);
    EXPECT_EQ(world.on_wan[1].text(), "2>3 " + inner);
    EXPECT_EQ(world.on_lan[0].ttl, 63) << "the overlay is one hop";

    const Lines back = world.send(3, tcp_syn_ack().from(origin(), 8080).to(egress(), 40000));
    EXPECT_EQ(back, sent("1: tcp " + vip() + ":80 > " + client() + ":40000 SA"));
    ASSERT_EQ(world.on_wan.size(), 2u);
    EXPECT_EQ(world.on_wan[0].text().substr(0, 8), "3>2 via ");
    EXPECT_EQ(world.on_wan[0].overlay->flags, kFlagReply);
    EXPECT_EQ(world.on_wan[1].overlay->flags, kFlagReply);
    EXPECT_EQ(world.on_wan[1].overlay->ingress, 1);
    EXPECT_EQ(world.on_lan[0].ttl, 63);
    EXPECT_EQ(world.on_lan[0].to_mac, host_mac(ip(client())));
}

TEST_P(Roles, UdpOfAPortRangeKeepsItsPort) {
    EXPECT_EQ(world.send(1, udp(100).from(client(), 40000).to(vip(), 5555)),
              sent("3: udp " + egress() + ":40000 > " + origin() + ":5555"));
    EXPECT_EQ(world.send(3, udp(200).from(origin(), 5555).to(egress(), 40000)),
              sent("1: udp " + vip() + ":5555 > " + client() + ":40000"));
    EXPECT_EQ(world.on_lan[0].payload.size(), 200u);
}

TEST_P(Roles, AnyTcpPortOfTheVip) {
    EXPECT_EQ(world.send(1, tcp_syn().from(client(), 40001).to(vip(), 2222)),
              sent("3: tcp " + egress() + ":40001 > " + origin() + ":2222 S"));
    EXPECT_EQ(world.on_wan[0].overlay->service, 3u);
}

TEST_P(Roles, EchoIsTranslatedByItsIdentifier) {
    EXPECT_EQ(world.send(1, echo_request().from(client(), 7777).to(vip())),
              sent("3: echo request " + egress() + " > " + origin() + " id 7777"));
    EXPECT_EQ(world.send(3, echo_reply().from(origin()).to(egress(), 7777)),
              sent("1: echo reply " + vip() + " > " + client() + " id 7777"));
    // A second client with the same identifier gets another one at the egress, and its own back.
    const std::string other = v4() ? "10.1.0.11" : "fd00:1::11";
    world.send(1, echo_request().from(other, 7777).to(vip()));
    ASSERT_EQ(world.on_lan.size(), 1u);
    const std::uint16_t at_egress = world.on_lan[0].source_port;
    EXPECT_NE(at_egress, 7777);
    EXPECT_EQ(world.send(3, echo_reply().from(origin()).to(egress(), at_egress)),
              sent("1: echo reply " + vip() + " > " + other + " id 7777"));
}

TEST_P(Roles, IngressThatIsTheEgressUsesNoOverlay) {
    EXPECT_EQ(world.send(3, tcp_syn().from(v4() ? "10.3.0.10" : "fd00:3::10", 40000).to(vip(), 80)),
              sent("3: tcp " + egress() + ":40000 > " + origin() + ":8080 S"));
    EXPECT_EQ(world.send(3, tcp_syn_ack().from(origin(), 8080).to(egress(), 40000)),
              sent("3: tcp " + vip() + ":80 > " + std::string(v4() ? "10.3.0.10" : "fd00:3::10") + ":40000 SA"));
    EXPECT_TRUE(world.on_wan.empty());
}

TEST_P(Roles, AnswersFollowTheIngressThatTheClientsPacketsLastCameFrom) {
    world.send(1, tcp_syn().from(client(), 40000).to(vip(), 80));
    // The client's traffic now enters at node 2, whose own network must lead to the client.
    const Bytes moved = OverlayPacket{.inner = tcp_data().from(client(), 40000).to(vip(), 80).bytes(),
                                      .source = world.fleet_of(1)->nodes[1].overlay_address,
                                      .destination = world.fleet_of(1)->nodes[2].overlay_address,
                                      .protocol = static_cast<std::uint16_t>(v4() ? 0x0800 : 0x86DD),
                                      .sender = 2,
                                      .ingress = 2}
                            .bytes();
    EXPECT_EQ(world.send_packet(3, kWan, moved), sent("3: tcp " + egress() + ":40000 > " + origin() + ":8080 A"));
    world[3].know(kWan, world.fleet_of(1)->nodes[1].overlay_address, port_mac(2, kWan), world.now);
    world.send(3, tcp_data().from(origin(), 8080).to(egress(), 40000));
    ASSERT_FALSE(world.on_wan.empty());
    EXPECT_EQ(world.on_wan[0].overlay->ingress, 2);
    EXPECT_EQ(world.on_wan[0].overlay->remaining[0], 0);
}

INSTANTIATE_TEST_SUITE_P(All, Roles,
                         testing::Values(Ways{Family::ipv4, Family::ipv4}, Ways{Family::ipv4, Family::ipv6},
                                         Ways{Family::ipv6, Family::ipv4}, Ways{Family::ipv6, Family::ipv6}),
                         [](const auto& info) {
                             return std::string(info.param.service == Family::ipv4 ? "Ipv4" : "Ipv6") + "Over" +
                                    (info.param.underlay == Family::ipv4 ? "Ipv4" : "Ipv6");
                         });

}  // namespace
}  // namespace izar
