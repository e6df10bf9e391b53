// STAMP sessions that a node sends: against a reflector of our own, a plain RFC 8762 one, and a TWAMP-light one.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "dataplane/wire/headers.h"
#include "tests/pipeline/simulated_wan.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kHeaders4 = sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(UdpHeader);
constexpr Nanos kRoundTrip = milliseconds{20};

NodeOptions probing(std::uint32_t count, std::uint8_t lcores = 1) {
    NodeOptions options;
    options.lcores = lcores;
    options.stamp_sessions = {{ip("10.1.0.10"), kStampPort, milliseconds{100}, count, 0}};
    return options;
}

// A probe as the host 10.1.0.10 sees it.
struct Seen {
    Ipv4Header ip;
    UdpHeader udp;
    StampProbe probe;
};

// Makes a host's reply to a probe; empty: it does not answer.
using Host = std::function<Bytes(const Seen&, Instant)>;

Bytes to_bytes(const StampReply& reply, std::size_t length = sizeof(StampReply)) {
    Bytes out(length);
    std::memcpy(out.data(), &reply, length);
    return out;
}

// RFC 8762 section 4.3.1 by the letter: its own sequence, its own clock, held for 3 ms.
Bytes plain_reply(const Seen& seen, Instant now, std::uint32_t own_sequence) {
    const StampInstant wall{now.time_since_epoch() + std::chrono::hours{100}};
    StampReply reply{};
    reply.sequence = Be32{own_sequence};
    reply.received = Be64{ntp_of(wall)};
    reply.time = Be64{ntp_of(wall + milliseconds{3})};
    reply.error = Be16{kStampError};
    reply.session = seen.probe.session;
    reply.probe_sequence = seen.probe.sequence;
    reply.probe_time = seen.probe.time;
    reply.probe_error = seen.probe.error;
    reply.probe_ttl = seen.ip.ttl;
    return to_bytes(reply);
}

class StampSessions : public testing::Test {
  protected:
    std::vector<StampReport> reports;
    std::vector<Seen> seen;
    std::vector<std::pair<Instant, Bytes>> under_way;  // replies

    // Lets time pass in which a host answers after kRoundTrip.
    void run(TestNode& node, Instant& now, Nanos span, const Host& host, std::size_t queue = 0) {
        for (const Instant end = now + span; now < end; now += milliseconds{1}) {
            std::erase_if(under_way, [&](const auto& reply) {
                if (reply.first <= now) {
                    node.put_packet(kLan, reply.second, now, queue);
                }
                return reply.first <= now;
            });
            node.know(kLan, ip("10.1.0.10"), host_mac(ip("10.1.0.10")), now);
            node.round(now);
            for (const Bytes& frame : node.take(kLan)) {
                take_frame(frame, now, host);
            }
            for (StampReport report; node.stamp_reports().pop(report);) {
                reports.push_back(report);
            }
        }
    }
    void take_frame(const Bytes& frame, Instant now, const Host& host) {
        ASSERT_EQ(frame.size(), kHeaders4 + sizeof(StampProbe));
        EXPECT_EQ(see(frame).text().find("checksum"), std::string::npos);
        Seen one{};
        std::memcpy(&one, frame.data() + sizeof(EthernetHeader), sizeof one);
        seen.push_back(one);
        const Bytes payload = host(one, now);
        if (!payload.empty()) {
            under_way.push_back({now + kRoundTrip, udp(payload.size())
                                                       .from("10.1.0.10", one.udp.destination_port.value())
                                                       .to("10.1.0.1", one.udp.source_port.value())
                                                       .with_payload(payload)
                                                       .bytes()});
        }
    }
};

TEST_F(StampSessions, AProbeIsAsTheRfcDrawsIt) {
    TestWorld world{1, Family::ipv4, probing(3)};
    world.publish();
    run(world[1], world.now, seconds{1}, [](const Seen&, Instant) { return Bytes{}; });
    ASSERT_EQ(seen.size(), 3u);
    for (std::uint32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(seen[i].probe.sequence.value(), i);
        EXPECT_EQ(seen[i].ip.ttl, 255);
        EXPECT_EQ(IpAddress{seen[i].ip.source}, ip("10.1.0.1"));
        EXPECT_EQ(seen[i].udp.destination_port.value(), kStampPort);
        EXPECT_LT(seen[i].udp.source_port.value(), kFirstNatPort);
    }
    EXPECT_EQ(stamp_interval(seen[0].probe.time.value(), seen[1].probe.time.value(), kStampError) / milliseconds{1}, 99)
        << "the interval, in the resolution of 2^-32 s";
}

TEST_F(StampSessions, AReflectorOfOurOwn) {
    TestWorld world{1, Family::ipv4, probing(5)};
    world.publish();
    run(world[1], world.now, seconds{3}, [](const Seen& one, Instant now) {
        Bytes packet(sizeof one.probe);
        std::memcpy(packet.data(), &one.probe, sizeof one.probe);
        const StampInstant wall{now.time_since_epoch()};
        reflect_stamp(packet, one.ip.ttl, wall, wall);
        return packet;
    });
    ASSERT_FALSE(reports.empty());
    EXPECT_TRUE(reports.back().over);
    EXPECT_EQ(reports.back().sent, 5u);
    EXPECT_EQ(reports.back().measurement.samples, 5u);
    EXPECT_EQ(reports.back().measurement.lost, 0u);
    EXPECT_EQ(reports.back().measurement.mean, kRoundTrip);
    EXPECT_EQ(reports.back().measurement.source, MeasurementSource::stamp);
    EXPECT_EQ(world[1].count(Verdict::probe_answer), 5u);
}

TEST_F(StampSessions, APlainReflectorThatCountsAndHolds) {
    TestWorld world{1, Family::ipv4, probing(5)};
    world.publish();
    std::uint32_t own = 1000;
    run(world[1], world.now, seconds{3}, [&](const Seen& one, Instant now) { return plain_reply(one, now, ++own); });
    EXPECT_EQ(reports.back().measurement.samples, 5u);
    // Its hold is told in units of 2^-32 s.
    EXPECT_NEAR(static_cast<double>(reports.back().measurement.mean.count()), 17e6, 10);
}

TEST_F(StampSessions, ATwampLightReflector) {
    TestWorld world{1, Family::ipv4, probing(5)};
    world.publish();
    run(world[1], world.now, seconds{3}, [&](const Seen& one, Instant now) {
        Bytes reply = plain_reply(one, now, one.probe.sequence.value());
        std::memset(reply.data() + offsetof(StampReply, session), 0, 2);
        reply.resize(kLeastStampBytes);
        return reply;
    });
    EXPECT_EQ(reports.back().measurement.samples, 5u);
    EXPECT_EQ(reports.back().measurement.lost, 0u);
}

TEST_F(StampSessions, WhatDoesNotComeBackIsLost) {
    TestWorld world{1, Family::ipv4, probing(10)};
    world.publish();
    run(world[1], world.now, seconds{5}, [](const Seen& one, Instant now) {
        return one.probe.sequence.value() % 2 == 0 ? plain_reply(one, now, 0) : Bytes{};
    });
    EXPECT_TRUE(reports.back().over);
    EXPECT_EQ(reports.back().measurement.samples, 5u);
    EXPECT_EQ(reports.back().measurement.lost, 5u);
}

TEST_F(StampSessions, WhoIsNotAskedGivesNoAnswer) {
    TestWorld world{1, Family::ipv4, probing(0)};
    world.publish();
    run(world[1], world.now, milliseconds{10}, [](const Seen&, Instant) { return Bytes{}; });
    ASSERT_EQ(seen.size(), 1u);
    const Bytes reply = plain_reply(seen[0], world.now, 0);
    const std::uint16_t own = seen[0].udp.source_port.value();
    const auto answer = [&] { return udp(reply.size()).to("10.1.0.1", own).with_payload(reply); };
    world[1].put_packet(kLan, answer().from("10.1.0.11", kStampPort).bytes(), world.now);
    world[1].put_packet(kLan, answer().from("10.1.0.10", kStampPort + 1).bytes(), world.now);
    world[1].put_packet(kLan, answer().from("10.1.0.10", kStampPort).to("10.1.0.1", own + 1).bytes(), world.now);
    world[1].round(world.now);
    EXPECT_EQ(world[1].count(Verdict::probe_answer), 0u);
    Bytes damaged = answer().from("10.1.0.10", kStampPort).bytes();
    damaged.back() ^= 1;
    world[1].put_packet(kLan, damaged, world.now);
    world[1].put_packet(kLan, udp(40).to("10.1.0.1", own).from("10.1.0.10", kStampPort).bytes(), world.now);
    world[1].round(world.now);
    EXPECT_EQ(world[1].count(Verdict::probe_malformed), 2u);
    world[1].put_packet(kLan, answer().from("10.1.0.10", kStampPort).bytes(), world.now);
    world[1].round(world.now);
    EXPECT_EQ(world[1].count(Verdict::probe_answer), 1u);
}

TEST_F(StampSessions, AnyLcoreTakesTheAnswer) {
    TestWorld world{1, Family::ipv4, probing(5, 2)};
    world.publish();
    run(
        world[1], world.now, seconds{3}, [&](const Seen& one, Instant now) { return plain_reply(one, now, 0); }, 1);
    EXPECT_EQ(reports.back().measurement.samples, 5u);
}

TEST_F(StampSessions, OneWithoutEndTellsOfItsLastMinute) {
    TestWorld world{1, Family::ipv4, probing(0)};
    world.publish();
    run(world[1], world.now, seconds{100}, [&](const Seen& one, Instant now) { return plain_reply(one, now, 0); });
    EXPECT_FALSE(reports.back().over);
    EXPECT_GT(reports.back().sent, 990u);
    EXPECT_LE(reports.back().measurement.samples, 601u);
    EXPECT_GT(reports.back().measurement.samples, 10u);
}

TEST_F(StampSessions, SessionsComeByTheRingAndTheirSlotsAreUsedAgain) {
    TestWorld world{1};
    world.publish();
    const auto host = [](const Seen& one, Instant now) { return plain_reply(one, now, 0); };
    for (std::uint64_t round = 0; round < 2; ++round) {
        for (std::uint64_t task = 1; task <= kMaxStampSessions; ++task) {
            world[1].stamp_sessions().push({ip("10.1.0.10"), kStampPort, milliseconds{10}, 2, task});
        }
        run(world[1], world.now, milliseconds{2}, host);
        world[1].stamp_sessions().push({ip("10.1.0.10"), kStampPort, milliseconds{10}, 2, 99});
        run(world[1], world.now, seconds{2}, host);
        std::size_t over = 0;
        for (const StampReport& report : reports) {
            const bool refused = report.slot == StampReport::kRefused;
            EXPECT_EQ(refused, report.session.task == 99);
            over += report.over && !refused ? 1 : 0;
            EXPECT_EQ(report.over && !refused ? report.measurement.samples : 2u, 2u);
        }
        EXPECT_EQ(over, kMaxStampSessions);
        EXPECT_EQ(std::ranges::count(reports, StampReport::kRefused, &StampReport::slot), 1);
        reports.clear();
    }
}

TEST(StampBetweenNodes, EachMeasuresTheWayToTheOther) {
    NodeOptions options;
    options.stamp_nodes = true;
    SimulatedWan wan{2, 1, options};
    wan.set_rtt(1, 2, milliseconds{30});
    wan.node(1).stamp_sessions().push({ip("192.0.2.2"), kStampPort, milliseconds{50}, 10, 7});
    wan.node(2).stamp_sessions().push({ip("192.0.2.1"), kStampPort, milliseconds{50}, 10, 8});
    wan.run(seconds{3});
    for (const int number : {1, 2}) {
        StampReport last;
        while (wan.node(number).stamp_reports().pop(last)) {
        }
        EXPECT_TRUE(last.over);
        EXPECT_EQ(last.measurement.samples, 10u);
        EXPECT_GE(last.measurement.least, milliseconds{30});
        EXPECT_LE(last.measurement.mean, milliseconds{33}) << "the simulation's steps";
    }
}

}  // namespace
}  // namespace izar
