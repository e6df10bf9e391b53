// Links between nodes on a virtual clock: header bytes, RTT from echoes, packet numbers, loss, reordering, life.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

NodeOptions lively() {
    NodeOptions options;
    options.links = {.interval = milliseconds{10}, .multiplier = 3};
    return options;
}

class Links : public testing::Test {
  protected:
    TestWorld world{2, Family::ipv4, lively()};

    void SetUp() override {
        world.set_link(1, 2, false);
        world.service(ServiceSpec{5}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80"));
    }
    void ask() { world.send(1, udp().from("10.1.0.10", 40000).to("10.99.0.80", 80)); }
    bool up(int from, int to) { return !world[from].links().down(TestWorld::slot(to)); }
    // All reports of one kind that a node's lcore made since the last call.
    std::vector<LinkReport> reports(int node, LinkReportKind kind) {
        std::vector<LinkReport> out;
        for (LinkReport report; world[node].reports().pop(report);) {
            if (report.kind == kind) {
                out.push_back(report);
            }
        }
        return out;
    }
};

TEST_F(Links, DataPacketLiesAsTheWirePageDrawsIt) {
    world.publish();
    ask();
    ASSERT_EQ(world.on_wan.size(), 1u);
    const SeenOverlay& overlay = *world.on_wan[0].overlay;
    EXPECT_EQ(overlay.source, ip("192.0.2.1"));
    EXPECT_EQ(overlay.destination, ip("192.0.2.2"));
    EXPECT_TRUE(overlay.dont_fragment);
    EXPECT_EQ(overlay.udp_checksum, 0);
    EXPECT_GE(overlay.source_port, 49152);
    EXPECT_EQ(overlay.geneve_flags, 0x40) << "critical, and no control packet";
    EXPECT_EQ(overlay.protocol, 0x0800);
    EXPECT_EQ(overlay.service, 5u);
    EXPECT_EQ(overlay.sender, 1);
    EXPECT_EQ(overlay.ingress, 1);
    EXPECT_EQ(overlay.remaining[0], 0);
    EXPECT_EQ(overlay.t_tx, static_cast<std::uint32_t>(world.now.time_since_epoch().count()));
    const Bytes fixed = {0x09, 0x40, 0x08, 0x00, 0, 0, 5, 0, 0xFF, 0x1A, 0x81, 0x08};
    EXPECT_TRUE(std::equal(fixed.begin(), fixed.end(), overlay.header.begin()));
    EXPECT_EQ(overlay.header[40], 0) << "key epoch";
    EXPECT_EQ(overlay.header[42], 0) << "reserved";
    EXPECT_EQ(overlay.header[43], 0) << "reserved";
}

TEST_F(Links, PacketNumbersRiseByOne) {
    world.publish();
    ask();
    const std::uint64_t first = world.on_wan[0].overlay->packet_number;
    ask();
    EXPECT_EQ(world.on_wan[0].overlay->packet_number, first + 1);
    EXPECT_EQ(first >> 56, 0u) << "the sending lcore";
}

TEST_F(Links, TheSourcePortStaysWithTheFlow) {
    world.publish();
    ask();
    const std::uint16_t port = world.on_wan[0].overlay->source_port;
    ask();
    EXPECT_EQ(world.on_wan[0].overlay->source_port, port);
}

TEST_F(Links, RttIsWhatTheDelayMakesIt) {
    world.set_delay(milliseconds{21});
    world.publish();
    world.advance(milliseconds{500});
    const auto samples = reports(1, LinkReportKind::rtt);
    ASSERT_GT(samples.size(), 10u);
    for (const LinkReport& sample : samples) {
        EXPECT_EQ(sample.link, TestWorld::slot(2));
        EXPECT_EQ(sample.rtt.least, milliseconds{42});
        EXPECT_EQ(sample.rtt.mean, milliseconds{42});
    }
}

TEST_F(Links, AnEchoTellsHowLongItWasHeld) {
    world.publish();
    world.advance(milliseconds{100});
    ask();  // node 2 now echoes this packet's time
    const std::uint32_t t_tx = world.on_wan[0].overlay->t_tx;
    world.advance(microseconds{300}, microseconds{300});
    world.send(2, udp().from("10.2.0.80", 80).to("10.2.0.1", 40000));
    ASSERT_EQ(world.on_wan.size(), 1u);
    EXPECT_EQ(world.on_wan[0].overlay->t_echo, t_tx);
    EXPECT_EQ(world.on_wan[0].overlay->t_hold, 300'000u);
}

TEST_F(Links, NothingHeardIsNotEchoed) {
    world.cut(2, 1);
    world.publish();
    ask();
    EXPECT_EQ(world.on_wan[0].overlay->t_hold, kNothingToEcho);
}

TEST_F(Links, ADirectionThatIsDeadIsSeenInTheHoldTime) {
    world.publish();
    world.advance(milliseconds{100});
    world.cut(1, 2);
    world.advance(milliseconds{500});
    ASSERT_FALSE(world.control.empty());
    const auto from_2 = std::find_if(world.control.rbegin(), world.control.rend(),
                                     [](const SeenPacket& p) { return p.overlay->sender == 2; });
    EXPECT_GE(from_2->overlay->t_hold, 480'000'000u);
    world.advance(milliseconds{5000});
    const auto later = std::find_if(world.control.rbegin(), world.control.rend(),
                                    [](const SeenPacket& p) { return p.overlay->sender == 2; });
    EXPECT_GE(later->overlay->t_hold, kHoldSaturated) << "5.5 s do not fit 32 bits of nanoseconds";
}

TEST_F(Links, ComesUpAfterThreeKeepAlives) {
    world.cut(1, 2);
    world.publish();
    EXPECT_FALSE(up(2, 1));
    world.cut(1, 2, false);
    world.advance(milliseconds{21});
    EXPECT_FALSE(up(2, 1)) << "two were heard";
    world.advance(milliseconds{10});
    EXPECT_TRUE(up(2, 1));
    EXPECT_EQ(reports(2, LinkReportKind::up).size(), 1u);
}

TEST_F(Links, GoesDownAfterThreeMissed) {
    world.publish();
    world.advance(milliseconds{100});
    ASSERT_TRUE(up(2, 1));
    reports(2, LinkReportKind::down);
    const Instant cut_at = world.now;
    world.cut(1, 2);
    while (up(2, 1) && world.now < cut_at + milliseconds{100}) {
        world.advance(milliseconds{1});
    }
    EXPECT_GE(world.now - cut_at, milliseconds{20});
    EXPECT_LE(world.now - cut_at, milliseconds{32});
    const auto down = reports(2, LinkReportKind::down);
    ASSERT_EQ(down.size(), 1u);
    EXPECT_EQ(down[0].link, TestWorld::slot(1));
}

TEST_F(Links, AFalseAlarmIsRememberedLongerThanJitter) {
    world.publish();
    world.advance(milliseconds{200});
    const auto silence = [&](Nanos span) {
        world.cut(1, 2);
        world.advance(span);
        world.cut(1, 2, false);
        world.advance(milliseconds{200});
    };
    const auto detection = [&] { return Nanos{world[2].links().cell(TestWorld::slot(1)).detection.load()}; };
    silence(milliseconds{20});
    ASSERT_GT(detection(), milliseconds{30}) << "a longer gap, but no alarm";
    world.advance(seconds{30});
    EXPECT_EQ(detection(), milliseconds{30});
    silence(milliseconds{50});
    EXPECT_EQ(reports(2, LinkReportKind::down).size(), 1u);
    world.advance(seconds{15});
    EXPECT_GT(detection(), milliseconds{55});
    silence(milliseconds{50});
    EXPECT_EQ(reports(2, LinkReportKind::down).size(), 0u) << "the same again is no alarm";
    world.advance(seconds{120});
    EXPECT_EQ(detection(), milliseconds{30}) << "but not for ever";
}

TEST_F(Links, ALinkThatBecameMuchSlowerAtOnceIsLeftAsFastAsBefore) {
    world.set_delay(milliseconds{10});
    world.publish();
    world.advance(milliseconds{200});
    world.set_delay(milliseconds{130});
    world.advance(milliseconds{2500});
    EXPECT_EQ(reports(1, LinkReportKind::down).size(), 1u) << "120 ms of silence, and what the peer said of it is late";
    EXPECT_EQ(reports(2, LinkReportKind::down).size(), 1u);
    ASSERT_TRUE(up(1, 2) && up(2, 1));
    const Instant cut_at = world.now;
    world.cut(1, 2);
    world.cut(2, 1);
    while ((up(1, 2) || up(2, 1)) && world.now < cut_at + seconds{1}) {
        world.advance(milliseconds{1});
    }
    EXPECT_LE(world.now - cut_at, milliseconds{130 + 32})
        << "the travel time of what was sent before, and three missed";
}

TEST_F(Links, OneDeadDirectionIsToldToItsSenderAtOnce) {
    world.set_delay(milliseconds{20});
    world.publish();
    world.advance(milliseconds{200});
    ASSERT_TRUE(up(1, 2));
    const Instant cut_at = world.now;
    world.cut(1, 2);
    while (up(1, 2) && world.now < cut_at + milliseconds{300}) {
        world.advance(milliseconds{1});
    }
    // The travel time of the last keep-alive, three missed ones, and the travel time of the word that they are missed.
    EXPECT_GE(world.now - cut_at, milliseconds{60});
    EXPECT_LE(world.now - cut_at, milliseconds{74});
    EXPECT_FALSE(up(2, 1));
    EXPECT_EQ(reports(1, LinkReportKind::down).size(), 1u);
    // Both ends use it again when both directions live, which neither learns from its own silence or the other's.
    world.advance(milliseconds{500});
    EXPECT_FALSE(up(1, 2));
    world.cut(1, 2, false);
    world.advance(milliseconds{100});
    EXPECT_TRUE(up(1, 2));
    EXPECT_TRUE(up(2, 1));
}

TEST_F(Links, DataKeepsALinkAliveWithoutKeepAlives) {
    NodeOptions slow = lively();
    slow.links.interval = milliseconds{50};
    TestWorld quiet(2, Family::ipv4, slow);
    quiet.service(ServiceSpec{5}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80")).publish();
    quiet.advance(milliseconds{300});
    EXPECT_FALSE(quiet[2].links().down(TestWorld::slot(1)));
}

TEST_F(Links, OwnStallIsNotTakenForThePeersSilence) {
    world.publish();
    world.advance(milliseconds{100});
    ASSERT_TRUE(up(2, 1));
    // Nobody polls for 200 ms: seven detection times, but the silence was our own.
    world.advance(milliseconds{200}, milliseconds{200});
    EXPECT_TRUE(up(2, 1));
    EXPECT_GE(world[2].counters().pauses, 1u);
    // It does not last: a peer that is really gone is found one detection time after the pause, which is as long as the
    // peer, held up like us, has told since.
    world.advance(milliseconds{30});
    const Nanos detection{world[2].links().cell(TestWorld::slot(1)).detection.load()};
    EXPECT_NEAR(static_cast<double>(detection.count()), 250e6, 1e4) << "the most that is promised";
    world.cut(1, 2);
    world.advance(milliseconds{200}, milliseconds{200});
    EXPECT_TRUE(up(2, 1));
    world.advance(detection - milliseconds{20});
    EXPECT_TRUE(up(2, 1)) << "of the silence 200 ms were our own";
    world.advance(milliseconds{30});
    EXPECT_FALSE(up(2, 1));
}

TEST_F(Links, ANodeThatIsHeldUpTellsItsPeers) {
    world.publish();
    world.advance(milliseconds{100});
    // Node 1 alone does not run for 40 ms; it is taken for dead, and then says that this may come again.
    const auto hold_up = [&](Nanos span) {
        for (const Instant end = world.now + span; world.now < end;) {
            world.now += milliseconds{1};
            world[2].round(world.now);
            world[2].take(kWan);
        }
    };
    hold_up(milliseconds{40});
    EXPECT_FALSE(up(2, 1));
    world.advance(milliseconds{200});
    ASSERT_TRUE(up(2, 1));
    reports(2, LinkReportKind::down);
    EXPECT_GE(Nanos{world[2].links().cell(TestWorld::slot(1)).detection.load()}, milliseconds{249});
    hold_up(milliseconds{100});
    EXPECT_EQ(reports(2, LinkReportKind::down).size(), 0u);
    world.advance(seconds{300}, milliseconds{5});
    EXPECT_EQ(Nanos{world[2].links().cell(TestWorld::slot(1)).detection.load()}, milliseconds{30});
}

TEST_F(Links, LossIsCountedAgainstTheSendersCounters) {
    world.publish();
    world.advance(milliseconds{600});
    reports(2, LinkReportKind::loss);
    // 100 packets a window, every fourth lost on the way.
    for (int i = 0; i < 200; ++i) {
        world.cut(1, 2, i % 4 == 0);
        ask();
        world.cut(1, 2, false);
        world.advance(milliseconds{5});
    }
    world.advance(milliseconds{500});
    std::uint64_t expected = 0;
    std::uint64_t received = 0;
    for (const LinkReport& report : reports(2, LinkReportKind::loss)) {
        expected += report.loss.expected;
        received += report.loss.received;
    }
    EXPECT_GT(expected, 250u);
    EXPECT_NEAR(static_cast<double>(expected - received), 50, 5);
}

TEST_F(Links, ReorderingIsCountedOncePerLatePacket) {
    world.publish();
    const auto packet = [&](std::uint64_t number) {
        return OverlayPacket{.inner = udp().from("10.1.0.10", 40000).to("10.99.0.80", 80).bytes(),
                             .source = ip("192.0.2.1"),
                             .destination = ip("192.0.2.2"),
                             .service = 5,
                             .packet_number = number,
                             .sender = 1,
                             .ingress = 1}
            .bytes();
    };
    const std::uint64_t other_lcore = std::uint64_t{1} << 56;
    for (const std::uint64_t number : {100, 101, 103, 102, 104}) {
        world.send_packet(2, kWan, packet(number));
        world[2].know(kWan, ip("192.0.2.1"), port_mac(1, kWan), world.now);
    }
    world.send_packet(2, kWan, packet(other_lcore + 1));
    EXPECT_EQ(world[2].links().total(TestWorld::slot(1), &LinkCounters::reordered), 1u);
}

TEST_F(Links, TheIntervalThatThePeerTellsCounts) {
    world.publish();
    world.advance(milliseconds{100});
    world.cut(1, 2);
    const Bytes patient = OverlayPacket{.inner = keep_alive(100'000, 5, 1'000'000),
                                        .source = ip("192.0.2.1"),
                                        .destination = ip("192.0.2.2"),
                                        .geneve_flags = 0xC0,
                                        .protocol = 0x88B5,
                                        .service = 0,
                                        .packet_number = 5000,
                                        .sender = 1,
                                        .ingress = 1}
                              .bytes();
    world[2].put(kWan, ethernet(port_mac(2, kWan), port_mac(1, kWan), patient));
    world.advance(milliseconds{490});
    EXPECT_TRUE(up(2, 1));
    world.advance(milliseconds{20});
    EXPECT_FALSE(up(2, 1));
}

std::shared_ptr<const OwnRow> row_of(std::size_t items, std::uint64_t version) {
    auto row = std::make_shared<OwnRow>();
    row->version = version;
    for (std::size_t i = 0; i < items; ++i) {
        RowItem item{};
        item.node = Be16{static_cast<std::uint16_t>(1000 + i)};
        item.rtt_us = Be32{static_cast<std::uint32_t>(i + 1)};
        row->items.push_back(item);
    }
    return row;
}

TEST_F(Links, AShortRowIsToldWhenItChangesAndOnceASecond) {
    world[1].own_row = row_of(kMaxRowItems, 1);
    world.publish();
    world.advance(milliseconds{100});
    EXPECT_EQ(reports(2, LinkReportKind::peer_row).size(), kMaxRowItems);
    world.advance(milliseconds{1'000});
    EXPECT_EQ(reports(2, LinkReportKind::peer_row).size(), kMaxRowItems);
    world[1].own_row = row_of(kMaxRowItems, 2);
    world.publish();
    world.advance(milliseconds{100});
    EXPECT_EQ(reports(2, LinkReportKind::peer_row).size(), kMaxRowItems);
}

TEST_F(Links, ALongRowGoesRoundInPartsAtASteadyPace) {
    constexpr std::size_t kItems = 3 * kMaxRowItems - 50;
    world[1].own_row = row_of(kItems, 1);
    world.publish();
    std::map<std::uint16_t, int> told;
    std::size_t reported = 0;
    for (std::uint64_t version = 2; version < 52; ++version) {  // it changes all the time, for five seconds
        world.advance(milliseconds{100});
        for (const LinkReport& report : reports(2, LinkReportKind::peer_row)) {
            ++told[raw(report.row.to)];
            ++reported;
        }
        world[1].own_row = row_of(kItems, version);
        world.publish();
    }
    EXPECT_EQ(told.size(), kItems) << "every item is told";
    for (const auto& [node, times] : told) {
        EXPECT_GE(times, 2) << node << ": once in kLongRowTime";
    }
    EXPECT_LE(reported, 3 * kItems);
}

// What a link carries is told once a second: every IP packet on the underlay, keep-alives among them.
TEST(LinkTraffic, CountsTheBytesOfIpPackets) {
    NodeOptions options = lively();
    options.links.capacity = BitRate{200'000'000};
    TestWorld world{2, Family::ipv4, options};
    world.service(ServiceSpec{5}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80"));
    world.publish();
    world.advance(milliseconds{100});
    const auto counted = [&] { return world[1].links().total(TestWorld::slot(2), &LinkCounters::sent_bytes); };
    std::uint64_t seen = counted();
    const auto see_all = [&] {
        for (const auto* const packets : {&world.on_wan, &world.control}) {
            for (const SeenPacket& packet : *packets) {
                seen +=
                    packet.overlay && packet.overlay->sender == 1 ? packet.frame.size() - sizeof(EthernetHeader) : 0;
            }
        }
    };
    for (LinkReport report; world[1].reports().pop(report);) {
    }
    const std::uint64_t begun = counted();
    for (int i = 0; i < 30; ++i) {
        world.send(1, udp().from("10.1.0.10", 40000).to("10.99.0.80", 80));
        see_all();
        world.advance(milliseconds{100});
        see_all();
    }
    EXPECT_EQ(counted(), seen);
    std::uint64_t told = 0;
    unsigned windows = 0;
    for (LinkReport report; world[1].reports().pop(report);) {
        if (report.kind == LinkReportKind::traffic) {
            ++windows;
            told += report.traffic.bytes;
            EXPECT_EQ(report.link, TestWorld::slot(2));
            EXPECT_GE(report.traffic.span, TrafficWindow::kSpan);
            EXPECT_LE(report.traffic.span, TrafficWindow::kSpan + milliseconds{5});
            EXPECT_EQ(report.traffic.capacity, options.links.capacity);
        }
    }
    ASSERT_GE(windows, 2u);
    EXPECT_GT(told, (seen - begun) / 2) << "windows of a second each, of three seconds";
    EXPECT_LE(told, seen - begun + 2 * (seen - begun) / 3);
}

}  // namespace
}  // namespace izar
