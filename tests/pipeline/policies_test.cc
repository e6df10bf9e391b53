// Which paths the packets of a service take when services follow different policies: forwards, back, when a relay
// repairs, when an egress resets, and when the policy changes under a running flow.
#include <gtest/gtest.h>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

constexpr PolicyIndex kStrict{3};  // forbids node 2

// Clients at 1, origins at 3. The default policy leads over 2, the strict one over 4.
class Policies : public testing::Test {
  protected:
    TestWorld world{5};

    void SetUp() override {
        world.route(1, 3, {{{2, 3}}}).route(3, 1, {{{2, 1}}});
        world.route(1, 3, {{{4, 3}}}, kStrict).route(3, 1, {{{4, 1}}}, kStrict);
        serve(kStrict);
    }
    void serve(PolicyIndex policy) {
        world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(3).origin("10.3.0.80").policy(policy))
            .service(ServiceSpec{2}.at("10.99.0.80").tcp(81).egress(3).origin("10.3.0.80"))
            .publish();
    }
    static PacketBuilder from_client(PacketBuilder packet, std::uint16_t port = 80) {
        return packet.from("10.1.0.10", 40000).to("10.99.0.80", port);
    }
    // The nodes that the packets of the last send passed: "1>4 4>3".
    std::string way() const {
        std::string out;
        for (const SeenPacket& packet : world.on_wan) {
            out += (out.empty() ? "" : " ") + packet.text().substr(0, 3);
        }
        return out;
    }
};

TEST_F(Policies, EachServiceTakesThePathsOfItsPolicy) {
    world.send(1, from_client(tcp_syn()));
    EXPECT_EQ(way(), "1>4 4>3");
    world.send(1, from_client(tcp_syn(), 81));
    EXPECT_EQ(way(), "1>2 2>3");
}

TEST_F(Policies, RepliesTakeThemToo) {
    world.send(1, from_client(tcp_syn()));
    const SeenPacket at_origin = world.on_lan.front();
    world.send(3, tcp_syn_ack().from("10.3.0.80", 80).to(at_origin.source.text(), at_origin.source_port));
    EXPECT_EQ(way(), "3>4 4>1");
}

TEST_F(Policies, ARelayRepairsByThePolicyOfTheService) {
    world.route(4, 3, {{{3}}, {{2, 3}}}).route(4, 3, {{{3}}, {{5, 3}}}, kStrict).publish();
    world.set_link(4, 3, false);
    world.send(1, from_client(tcp_syn()));
    EXPECT_EQ(way(), "1>4 4>5 5>3");
}

TEST_F(Policies, AnEgressResetsOverThePathsOfThePolicy) {
    world.send(1, from_client(tcp_syn()));
    world.route(1, 5, {{{4, 5}}}, kStrict).route(5, 1, {{{4, 1}}}, kStrict).route(5, 1, {{{2, 1}}});
    world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(5).origin("10.5.0.80").policy(kStrict)).publish();
    world.send(1, from_client(tcp_data()).from("10.1.0.11", 40001));
    EXPECT_EQ(way(), "1>4 4>5 5>4 4>1") << "5 has no session for it";
}

TEST_F(Policies, ARunningFlowFollowsItsServiceToAnotherPolicy) {
    serve(kDefaultPolicy);
    world.send(1, from_client(tcp_syn()));
    EXPECT_EQ(way(), "1>2 2>3");
    ++world.policy_version;
    serve(kStrict);
    world.advance(std::chrono::seconds{1});
    world.send(1, from_client(tcp_data()));
    EXPECT_EQ(way(), "1>4 4>3");
}

}  // namespace
}  // namespace izar
