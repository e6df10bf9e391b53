// Probes along whole paths: what they measure, whom they find, and who may send them.
#include <gtest/gtest.h>

#include <cstring>

#include "dataplane/wire/path_probe.h"
#include "tests/pipeline/simulated_wan.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<NodeId, kMaxSegments> kOverTwo{NodeId{2}, NodeId{3}, kNoNode};

// From 1 to 3 over 2, with 4 as second relay; every link takes 10 ms.
class PathProbes : public testing::TestWithParam<const char*> {
  protected:
    TestWorld world{4, Family::ipv4, {.secrets = GetParam()}};

    void SetUp() override {
        world.set_delay(milliseconds{10});
        world.service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80"))
            .route(1, 3, {{{2, 3}, 40'000}, {{4, 3}, 40'000}})
            .publish();
        reports(1);
    }
    std::vector<LinkReport> reports(int node) {
        std::vector<LinkReport> out;
        for (LinkReport report; world[node].reports().pop(report);) {
            if (report.kind == LinkReportKind::path && report.path.segments == kOverTwo) {
                out.push_back(report);
            }
        }
        return out;
    }
};

TEST_P(PathProbes, GoToTheEndAndBackOnceASecond) {
    world.advance(seconds{5});
    const auto told = reports(1);
    ASSERT_GE(told.size(), 4u);
    ASSERT_LE(told.size(), 6u);
    for (const LinkReport& report : told) {
        EXPECT_EQ(report.link, TestWorld::slot(3));
        EXPECT_TRUE(report.path.measured);
        EXPECT_FALSE(report.path.dead);
        EXPECT_EQ(report.path.rtt, milliseconds{40});
    }
    EXPECT_GE(world[3].count(Verdict::path_probe), 8u) << "the backup's too";
    EXPECT_EQ(world[2].count(Verdict::path_probe), 0u) << "a relay passes them on";
}

TEST_P(PathProbes, AChangedPathIsProbedAtOnce) {
    world.advance(seconds{2});
    world.route(1, 3, {{{4, 3}, 40'000}}).publish();
    world.advance(milliseconds{500});
    reports(1);
    world.route(1, 3, {{{2, 3}, 40'000}}).publish();
    world.advance(milliseconds{100});
    EXPECT_EQ(reports(1).size(), 1u);
}

TEST_P(PathProbes, APathThatCarriesNothingIsReportedUntilItDoes) {
    world.advance(seconds{2});
    reports(1);
    world.cut(2, 3);
    world.advance(seconds{2});
    ASSERT_FALSE(reports(1).empty());
    world.advance(seconds{5});
    const auto dead = reports(1);
    EXPECT_GE(dead.size(), 4u) << "once a second";
    for (const LinkReport& report : dead) {
        EXPECT_TRUE(report.path.dead);
        EXPECT_FALSE(report.path.measured);
    }
    world.cut(2, 3, false);
    world.advance(seconds{5});
    const auto alive = reports(1);
    ASSERT_FALSE(alive.empty());
    EXPECT_FALSE(alive.back().path.dead);
}

TEST_P(PathProbes, AreNotRepaired) {
    world.route(2, 3, {{{3}}, {{4, 3}}}).publish();
    world.set_link(2, 3, false);
    world.advance(seconds{2});
    int relayed = 0;
    for (const SeenPacket& packet : world.control) {
        if (packet.overlay->sender == 2 && packet.overlay->ingress == 1) {
            EXPECT_EQ(packet.overlay->destination, ip("192.0.2.3"));
            ++relayed;
        }
    }
    EXPECT_GE(relayed, 1);
}

TEST_P(PathProbes, OverADeadFirstLinkThereAreNone) {
    world.set_link(1, 2, false);
    world.advance(seconds{3});
    EXPECT_TRUE(reports(1).empty());
}

INSTANTIATE_TEST_SUITE_P(Security, PathProbes,
                         testing::Values("",
                                         "fleet 1111111111111111111111111111111111111111111111111111111111111111\n"),
                         [](const auto& info) { return std::string{*info.param == 0 ? "Clear" : "Sealed"}; });

// Packets that a peer which is out of its mind could send; links are not encrypted, so that a test can write them.
class OddProbes : public testing::Test {
  protected:
    TestWorld world{3};

    void SetUp() override {
        world.service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80")).publish();
    }
    OverlayPacket from_1_to_2(const PathProbe& probe) const {
        Bytes message(sizeof probe);
        std::memcpy(message.data(), &probe, sizeof probe);
        return {.inner = message,
                .source = ip("192.0.2.1"),
                .destination = ip("192.0.2.2"),
                .geneve_flags = 0xC0,
                .protocol = 0x88B5,
                .service = 0,
                .sender = 1,
                .ingress = 1};
    }
    static PathProbe probe_of_2(int back) {
        PathProbe probe = make_path_probe();
        probe.far_end = Be16{2};
        probe.number = Be16{7};
        probe.back[0] = Be16{static_cast<std::uint16_t>(back)};
        return probe;
    }
    void send(const OverlayPacket& packet) { world.send_packet(2, kWan, packet.bytes()); }
    void expect_refused(const OverlayPacket& packet) {
        const std::uint64_t before = world[2].count(Verdict::control_malformed);
        send(packet);
        EXPECT_EQ(world[2].count(Verdict::control_malformed), before + 1);
        EXPECT_TRUE(world.control.empty() && world.on_wan.empty()) << "nothing is sent";
    }
};

// Passed on, it would be node 2's word about its own link to 3.
TEST_F(OddProbes, AKeepAliveGoesOverOneLinkOnly) {
    OverlayPacket packet = from_1_to_2(probe_of_2(1));
    packet.inner = keep_alive(10'000, 3, 1);
    packet.remaining[0] = 3;
    expect_refused(packet);
}

TEST_F(OddProbes, AreAnsweredOverTheLinkTheyCameByOnly) {
    send(from_1_to_2(probe_of_2(1)));
    ASSERT_EQ(world.control.size(), 1u);
    EXPECT_EQ(world.control[0].overlay->destination, ip("192.0.2.1"));
    expect_refused(from_1_to_2(probe_of_2(3)));
    expect_refused(from_1_to_2(probe_of_2(9)));
}

TEST_F(OddProbes, OfOthersAndWithoutEndAreRefused) {
    PathProbe other = probe_of_2(1);
    other.far_end = Be16{3};
    expect_refused(from_1_to_2(other));
    PathProbe answer = probe_of_2(1);
    answer.flags = kPathProbeAnswer;
    answer.watch = kPathWatches;
    expect_refused(from_1_to_2(answer));
    OverlayPacket cut = from_1_to_2(probe_of_2(1));
    cut.inner.pop_back();
    expect_refused(cut);
}

TEST_F(OddProbes, NothingGoesOnAsWhatItIsNot) {
    OverlayPacket data = from_1_to_2(probe_of_2(1));
    data.inner = udp().from("10.1.0.10", 40000).to("10.99.0.80", 80).bytes();
    data.geneve_flags = 0x40;
    data.protocol = 0x0800;
    data.remaining[0] = 3;
    expect_refused(data);  // data of no service would be relayed as control
    OverlayPacket control = from_1_to_2(probe_of_2(1));
    control.service = 2;
    control.remaining[0] = 3;
    expect_refused(control);  // and control of a service as data
}

// Whole nodes: the relay of the path in use keeps its links alive, but relays nothing any more.
TEST(PathProbesOfNodes, FindARelayThatForwardsNothing) {
    NodeOptions lively;
    lively.links = {.interval = milliseconds{10}, .multiplier = 3};
    SimulatedWan wan{4, 1, lively};
    wan.set_rtt(1, 2, milliseconds{20});
    wan.set_rtt(2, 3, milliseconds{20});
    wan.set_rtt(1, 4, milliseconds{30});
    wan.set_rtt(4, 3, milliseconds{30});
    wan.set_rtt(2, 4, milliseconds{50});
    wan.set_rtt(1, 3, milliseconds{120});
    wan.run(seconds{10});
    ASSERT_EQ(wan.path(1, 3), "1-2-3");
    const auto measured = [&] { return wan.scheduler(1).status(wan.now).paths[1].measured; };
    ASSERT_TRUE(measured());
    EXPECT_NEAR(static_cast<double>(measured()->count()), 40e6, 2e6);

    wan.stop_relaying(2);
    EXPECT_LE(wan.run_until_path("1-4-3", seconds{10}), milliseconds{2500});
    for (int i = 0; i < 300; ++i) {
        wan.run(milliseconds{100});
        ASSERT_EQ(wan.path(1, 3), "1-4-3") << "back after " << i * 100 << " ms";
    }
    EXPECT_EQ(wan.link_status(1, 2).times_down, 0u);

    wan.stop_relaying(2, false);
    EXPECT_LE(wan.run_until_path("1-2-3", seconds{60}), seconds{60});
}

}  // namespace
}  // namespace izar
