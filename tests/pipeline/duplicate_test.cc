// Services with `duplicate: true`: two copies on two paths, one packet at the end, also while links are cut.
#include <gtest/gtest.h>

#include <map>

#include "dataplane/wire/duplicate_tag.h"
#include "tests/pipeline/simulated_wan.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kSecret = "fleet " + std::string(64, '1') + "\n";

// Clients at 1, origins at 3; the direct way and one over 2.
class Duplicate : public testing::Test {
  protected:
    TestWorld world{3};

    void SetUp() override {
        world.route(1, 3, {{{3}}, {{2, 3}}}).route(3, 1, {{{1}}, {{2, 1}}});
        world.service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80").twice()).publish();
    }
    PacketBuilder request() { return udp().from("10.1.0.10", 40000).to("10.99.0.80", 80); }
    PacketBuilder reply() { return udp().from("10.3.0.80", 80).to("10.3.0.1", 40000); }
    const Lines at_origin{"3: udp 10.3.0.1:40000 > 10.3.0.80:80"};
    const Lines at_client{"1: udp 10.99.0.80:80 > 10.1.0.10:40000"};
};

TEST_F(Duplicate, TwoCopiesLeaveAndOneArrives) {
    EXPECT_EQ(world.send(1, request()), at_origin);
    ASSERT_EQ(world.on_wan.size(), 3u) << "one direct, one to the relay, one from there";
    for (const SeenPacket& packet : world.on_wan) {
        EXPECT_EQ(packet.overlay->flags, 0x04);
        EXPECT_EQ(packet.overlay->protocol, 0x88B5) << "what follows is no plain IP packet";
    }
    EXPECT_EQ(world[3].count(Verdict::duplicate), 1u);
}

TEST_F(Duplicate, RepliesTravelTwiceToo) {
    world.send(1, request());
    EXPECT_EQ(world.send(3, reply()), at_client);
    EXPECT_EQ(world.on_wan.size(), 3u);
    EXPECT_EQ(world.on_wan[0].overlay->flags, 0x0C);
    EXPECT_EQ(world[1].count(Verdict::duplicate), 1u);
}

TEST_F(Duplicate, OneCopyIsEnough) {
    world.send(1, request());
    for (const auto& [from, to] : {std::pair{1, 3}, {1, 2}, {2, 3}}) {
        world.cut(from, to);
        EXPECT_EQ(world.send(1, request()), at_origin);
        world.cut(from, to, false);
    }
}

TEST_F(Duplicate, WithoutASecondPathAPacketTravelsOnceAndBare) {
    world.set_link(1, 2, false);
    EXPECT_EQ(world.send(1, request()), at_origin);
    ASSERT_EQ(world.on_wan.size(), 1u);
    EXPECT_EQ(world.on_wan[0].overlay->flags, 0);
    EXPECT_EQ(world.on_wan[0].overlay->protocol, 0x0800);
}

TEST_F(Duplicate, TheTagCountsInTheMtu) {
    const std::size_t most = 1500 - overlay_overhead(Family::ipv4) - sizeof(DuplicateTag);
    EXPECT_EQ(world.send(1, request().long_in_all(most)).size(), 1u);
    EXPECT_EQ(world[1].count(Verdict::too_big), 0u);
    world.send(1, request().long_in_all(most + 1));
    EXPECT_EQ(world[1].count(Verdict::too_big), 1u);
}

TEST_F(Duplicate, ATagThatCannotBeReadIsNoPacket) {
    OverlayPacket packet{.inner = Bytes(11),
                         .source = ip("192.0.2.1"),
                         .destination = ip("192.0.2.3"),
                         .protocol = 0x88B5,
                         .sender = 1,
                         .ingress = 1,
                         .flags = 0x04};
    EXPECT_EQ(world.send_packet(3, kWan, packet.bytes()), Lines{});
    EXPECT_EQ(world[3].count(Verdict::truncated), 1u);
    packet.inner = Bytes(12);
    packet.inner[1] = 99;  // no node of the fleet
    EXPECT_EQ(world.send_packet(3, kWan, packet.bytes()), Lines{});
    EXPECT_EQ(world[3].count(Verdict::unknown_peer), 1u);
    packet.inner[1] = 1;
    EXPECT_EQ(world.send_packet(3, kWan, packet.bytes()), Lines{});
    EXPECT_EQ(world[3].count(Verdict::truncated), 2u) << "a tag and nothing behind it";
}

// Ten cuts of links that the stream uses, on encrypted links: each packet arrives exactly once.
TEST(DuplicateOverCuts, NothingIsLostAndNothingComesTwice) {
    NodeOptions options;
    options.links = {.interval = milliseconds{10}, .multiplier = 3};
    options.secrets = kSecret;
    SimulatedWan wan{5, 1, options};
    for (const int relay : {2, 4, 5}) {
        wan.set_rtt(1, relay, milliseconds{20 + relay});
        wan.set_rtt(relay, 3, milliseconds{20 + relay});
    }
    for (const auto& [a, b] : {std::pair{2, 4}, {2, 5}, {4, 5}, {1, 3}}) {
        wan.set_rtt(a, b, milliseconds{90});
    }
    wan.serve({ServiceSpec{1}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80").twice()});
    wan.run(seconds{8});
    wan.stream({udp().from("10.1.0.10", 40000).to("10.99.0.80", 80), 1});
    for (int cut = 0; cut < 10; ++cut) {
        wan.run(milliseconds{1000 + 37 * cut});
        const int relay = wan.path(1, 3)[2] - '0';
        const auto [a, b] = cut % 2 == 0 ? std::pair{1, relay} : std::pair{relay, 3};
        wan.change(a, b, [](wan::LinkProfile& link) { link.up = false; });
        wan.run(milliseconds{1000});
        wan.change(a, b, [](wan::LinkProfile& link) { link.up = true; });
    }
    wan.stop_streams();
    wan.run(seconds{1});
    std::map<std::size_t, int> seen;
    for (const SeenPacket& packet : wan.take_lan(3)) {
        ++seen[packet.payload.size()];
    }
    ASSERT_GT(wan.sent(), 20'000u);
    for (const auto& [size, times] : wan.sent_sizes()) {
        ASSERT_EQ(seen[size], times) << "payload of " << size << " bytes";
    }
    EXPECT_GT(wan.node(3).count(Verdict::duplicate), wan.sent() / 2);
}

}  // namespace
}  // namespace izar
