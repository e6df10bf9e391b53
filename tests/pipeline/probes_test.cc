// STAMP probes to a node's own addresses: who is answered, with what, and who gets nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "dataplane/wire/headers.h"
#include "probes/stamp.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

constexpr std::size_t kMacs = sizeof(EthernetHeader);
constexpr std::size_t kHeaders4 = sizeof(Ipv4Header) + sizeof(UdpHeader);

NodeOptions reflecting(std::uint8_t lcores = 1) {
    NodeOptions options;
    options.lcores = lcores;
    options.stamp_peers = {ip("10.1.0.10"), ip("fd00:1::10")};
    return options;
}

PacketBuilder probe(std::size_t bytes = sizeof(StampProbe)) {
    return udp(bytes).from("10.1.0.10", 40000).to("10.1.0.1", kStampPort).ttl(61);
}

class Probes : public testing::Test {
  protected:
    TestWorld world{2, Family::ipv4, reflecting()};

    void SetUp() override { world.publish(); }
    // What the node sent to its LAN in answer, from the IP header on.
    std::vector<Bytes> answers(const Bytes& packet, TestWorld& to) {
        to[1].put_packet(kLan, packet, to.now);
        to[1].round(to.now);
        std::vector<Bytes> out;
        for (const Bytes& frame : to[1].take(kLan)) {
            out.emplace_back(frame.begin() + kMacs, frame.end());
        }
        return out;
    }
    std::vector<Bytes> answers(const Bytes& packet) { return answers(packet, world); }
    std::uint64_t dropped(Verdict verdict) { return world[1].count(verdict); }
};

TEST_F(Probes, APeersProbeComesBackAsItsReply) {
    const Bytes sent = probe().bytes();
    const auto got = answers(sent);
    ASSERT_EQ(got.size(), 1u);
    ASSERT_EQ(got[0].size(), sent.size()) << "as many bytes as came";
    const auto& reply_ip = *reinterpret_cast<const Ipv4Header*>(got[0].data());
    EXPECT_EQ(IpAddress{reply_ip.source}, ip("10.1.0.1"));
    EXPECT_EQ(IpAddress{reply_ip.destination}, ip("10.1.0.10"));
    EXPECT_EQ(reply_ip.ttl, 255);
    StampReply reply{};
    StampProbe asked{};
    std::memcpy(&reply, got[0].data() + kHeaders4, sizeof reply);
    std::memcpy(&asked, sent.data() + kHeaders4, sizeof asked);
    EXPECT_EQ(reply.probe_sequence.value(), asked.sequence.value());
    EXPECT_EQ(reply.probe_ttl, 61);
    const StampInstant wall{world.now.time_since_epoch() + std::chrono::hours{24}};
    EXPECT_EQ(reply.received.value(), ntp_of(wall));
}

TEST_F(Probes, RepliesHaveRightChecksums) {
    // The world looks at every frame that leaves a node and knows what its checksums have to be.
    for (const std::size_t bytes : {41u, 44u, 45u, 1400u}) {
        world.send_packet(1, kLan, probe(bytes).bytes());
        ASSERT_EQ(world.on_lan.size(), 1u) << bytes;
        world.send_packet(1, kLan, udp(bytes).from("fd00:1::10", 40000).to("fd00:1::1", kStampPort).bytes());
        ASSERT_EQ(world.on_lan.size(), 1u) << bytes;
    }
    EXPECT_EQ(answers(probe().without_checksum().bytes()).size(), 1u);
}

// Two reflectors, or a reflector and an echo service, would send each other a forged probe for ever.
TEST_F(Probes, NothingThatAnswersByItselfIsAnswered) {
    for (const std::uint16_t port : {std::uint16_t{7}, kStampPort, std::uint16_t{1023}}) {
        EXPECT_TRUE(answers(probe().from("10.1.0.10", port).bytes()).empty()) << port;
    }
    EXPECT_EQ(dropped(Verdict::probe_malformed), 3u);
    EXPECT_EQ(answers(probe().from("10.1.0.10", 1024).bytes()).size(), 1u);
    EXPECT_EQ(answers(probe().from("10.1.0.10", kFirstStampSource).bytes()).size(), 1u) << "a session of izar's own";
}

TEST_F(Probes, AStrangerGetsNoByte) {
    EXPECT_TRUE(answers(probe().from("10.1.0.11", 40000).bytes()).empty());
    EXPECT_EQ(dropped(Verdict::probe_stranger), 1u);
}

TEST_F(Probes, WhatCannotBeAnsweredWithinItsLengthIsDropped) {
    EXPECT_TRUE(answers(probe(kLeastStampBytes - 1).bytes()).empty());
    EXPECT_TRUE(answers(probe(0).bytes()).empty());
    EXPECT_EQ(dropped(Verdict::probe_malformed), 2u);
}

TEST_F(Probes, ADamagedProbeIsNotAnswered) {
    Bytes packet = probe().bytes();
    packet.back() ^= 1;
    EXPECT_TRUE(answers(packet).empty());
    Bytes wrong_length = probe().bytes();
    wrong_length[sizeof(Ipv4Header) + 5] -= 1;
    EXPECT_TRUE(answers(wrong_length).empty());
    EXPECT_EQ(dropped(Verdict::probe_malformed), 2u);
}

TEST_F(Probes, OtherPortsAndOtherAddressesAreNotTouched) {
    answers(probe().to("10.1.0.1", kStampPort + 1).bytes());
    answers(probe().to("10.1.0.77", kStampPort).bytes());
    EXPECT_EQ(dropped(Verdict::probe_stranger) + dropped(Verdict::probe_malformed), 0u);
    EXPECT_EQ(dropped(Verdict::not_for_us), 2u);
}

TEST_F(Probes, WithoutPeersThereIsNoReflector) {
    TestWorld off{1};
    off.publish();
    EXPECT_TRUE(answers(probe().bytes(), off).empty());
    EXPECT_EQ(off[1].count(Verdict::not_for_us), 1u);
}

// A node names itself by its probe's session, and is believed if the probe comes from its overlay address.
TEST(ProbesOfNodes, AreAnsweredAtTheirOverlayAddresses) {
    NodeOptions options;
    options.stamp_nodes = true;
    TestWorld world{3, Family::ipv4, options};
    world.publish();
    const auto answers = [&](const char* from, std::uint16_t session, std::size_t bytes = sizeof(StampProbe)) {
        StampProbe asked{};
        asked.session = Be16{session};
        Bytes payload(sizeof asked);
        std::memcpy(payload.data(), &asked, sizeof asked);
        payload.resize(bytes);
        const auto packet = udp(bytes).from(from, kFirstStampSource).to("192.0.2.1", kStampPort).with_payload(payload);
        world[1].put_packet(kWan, packet.bytes(), world.now);
        world[1].round(world.now);
        const auto sent = world[1].take(kWan);
        return std::ranges::count(sent, kMacs + kHeaders4 + bytes, &Bytes::size);
    };
    EXPECT_EQ(answers("192.0.2.2", 2), 1);
    EXPECT_EQ(answers("192.0.2.3", 3), 1);
    EXPECT_EQ(answers("192.0.2.2", 3), 0) << "another node's name";
    EXPECT_EQ(answers("192.0.2.2", 0), 0) << "nobody's name";
    EXPECT_EQ(answers("192.0.2.2", 9), 0) << "no node of the fleet";
    EXPECT_EQ(answers("192.0.2.77", 2), 0) << "another host under a node's name";
    EXPECT_EQ(answers("192.0.2.2", 2, kLeastStampBytes - 1), 0);
    EXPECT_EQ(world[1].count(Verdict::probe_stranger), 5u);
}

TEST_F(Probes, EveryLcoreAnswers) {
    TestWorld wide{1, Family::ipv4, reflecting(2)};
    wide.publish();
    for (const std::size_t queue : {0u, 1u}) {
        wide[1].put_packet(kLan, probe().bytes(), wide.now, queue);
        wide[1].round(wide.now);
        EXPECT_EQ(wide[1].take(kLan).size(), 1u) << queue;
    }
}

}  // namespace
}  // namespace izar
