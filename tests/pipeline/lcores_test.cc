// Two lcores: whatever queue a packet comes by, the lcore that owns its flow handles it, replies too.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

NodeOptions two_lcores() {
    NodeOptions options;
    options.lcores = 2;
    return options;
}

class TwoLcores : public testing::Test {
  protected:
    TestWorld world{2, Family::ipv4, two_lcores()};
    void SetUp() override {
        world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"))
            .service(ServiceSpec{2}.at("fd00:99::80").udp(80).egress(2).origin("fd00:2::80"))
            .publish();
    }
    std::uint32_t flows(int node, std::size_t lcore) {
        return world[node].lcore(lcore).flows4.size() + world[node].lcore(lcore).flows6.size();
    }
};

TEST_F(TwoLcores, AFlowLivesOnItsOwnerWhateverQueueItsPacketsComeBy) {
    constexpr std::uint16_t kFlows = 64;
    for (std::uint16_t i = 0; i < kFlows; ++i) {
        const auto port = static_cast<std::uint16_t>(30000 + i);
        const PacketBuilder syn = tcp_syn().from("10.1.0.10", port).to("10.99.0.80", 80);
        // Every packet twice, by both queues: the second must find the flow that the first has made.
        EXPECT_EQ(world.send(1, {syn}, 0).size(), 1u);
        EXPECT_EQ(world.send(1, {syn}, 1).size(), 1u);
    }
    for (const int node : {1, 2}) {
        EXPECT_EQ(flows(node, 0) + flows(node, 1), kFlows) << "no flow is known twice";
        EXPECT_GT(flows(node, 0), 16u);
        EXPECT_GT(flows(node, 1), 16u);
    }
    EXPECT_EQ(world[1].count(Verdict::ring_full), 0u);
}

TEST_F(TwoLcores, AReplyFindsTheSessionByItsPort) {
    for (std::uint16_t i = 0; i < 32; ++i) {
        const auto port = static_cast<std::uint16_t>(30000 + i);
        world.send(1, tcp_syn().from("10.1.0.10", port).to("10.99.0.80", 80));
        ASSERT_EQ(world.on_lan.size(), 1u);
        const std::uint16_t nat_port = world.on_lan[0].source_port;
        for (const std::size_t queue : {0u, 1u}) {
            const Lines out = world.send(2, {tcp_syn_ack().from("10.2.0.80", 80).to("10.2.0.1", nat_port)}, queue);
            EXPECT_EQ(out, Lines{"1: tcp 10.99.0.80:80 > 10.1.0.10:" + std::to_string(port) + " SA"});
        }
    }
}

TEST_F(TwoLcores, Ipv6Too) {
    for (std::uint16_t i = 0; i < 32; ++i) {
        const auto port = static_cast<std::uint16_t>(30000 + i);
        world.send(1, {udp().from("fd00:1::10", port).to("fd00:99::80", 80)}, i % 2);
        ASSERT_EQ(world.on_lan.size(), 1u);
        const std::uint16_t nat_port = world.on_lan[0].source_port;
        EXPECT_EQ(world.send(2, {udp().from("fd00:2::80", 80).to("fd00:2::1", nat_port)}, i % 2),
                  Lines{"1: udp fd00:99::80:80 > fd00:1::10:" + std::to_string(port)});
    }
}

TEST_F(TwoLcores, PacketNumbersNameTheSendingLcore) {
    bool seen[2] = {false, false};
    for (std::uint16_t i = 0; i < 32; ++i) {
        world.send(1, tcp_syn().from("10.1.0.10", static_cast<std::uint16_t>(30000 + i)).to("10.99.0.80", 80));
        ASSERT_EQ(world.on_wan.size(), 1u);
        const std::uint64_t lcore = world.on_wan[0].overlay->packet_number >> 56;
        ASSERT_LT(lcore, 2u);
        seen[lcore] = true;
    }
    EXPECT_TRUE(seen[0] && seen[1]);
}

TEST_F(TwoLcores, AHandedOverPacketForTheKernelIsAsItCame) {
    NodeOptions options = two_lcores();
    options.taps = true;
    TestWorld one(1, Family::ipv4, options);
    one.publish();
    std::vector<Bytes> sent;
    for (std::uint16_t i = 0; i < 16; ++i) {
        sent.push_back(
            ethernet(port_mac(1, kLan), host_mac(ip("10.1.0.10")),
                     tcp_syn().from("10.1.0.10", static_cast<std::uint16_t>(5000 + i)).to("10.1.0.1", 22).bytes()));
        one.send_frame(1, kLan, sent.back());
    }
    const std::vector<Bytes> got = one[1].take(kLanTap);
    EXPECT_EQ(got.size(), sent.size());
    EXPECT_TRUE(std::is_permutation(got.begin(), got.end(), sent.begin(), sent.end()));
}

}  // namespace
}  // namespace izar
