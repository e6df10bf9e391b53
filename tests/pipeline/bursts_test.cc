// What a round takes from a port, and that a burst of packets leaves behind what its packets one by one would.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "dataplane/base/random.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Bursts, ARoundTakesSeveralOfAPortInTheirOrder) {
    constexpr std::uint16_t kInOneRound = kBurstsARound * kMaxBurst;
    constexpr std::uint16_t kPackets = kInOneRound + 22;
    TestWorld world{2};
    world.service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80")).publish();
    for (std::uint16_t i = 0; i < kPackets; ++i) {
        const auto port = static_cast<std::uint16_t>(40000 + i);
        world[1].put_packet(kLan, udp().from("10.1.0.10", port).to("10.99.0.80", 80).bytes(), world.now);
    }
    std::uint16_t next = 40000;
    for (const std::size_t expected : {std::size_t{kInOneRound}, std::size_t{kPackets - kInOneRound}, std::size_t{0}}) {
        world[1].round(world.now);
        const std::vector<Bytes> sent = world[1].take(kWan);
        EXPECT_EQ(sent.size(), expected);
        for (const Bytes& frame : sent) {
            EXPECT_EQ(see(frame).source_port, next++);
        }
    }
}

// Node 3 hears nodes 1 and 2, and takes up to `burst` packets at once.
struct Listener {
    TestWorld world{3};
    std::array<std::uint64_t, 2> samples{};
    std::array<Nanos, 2> least{Nanos::max(), Nanos::max()};

    explicit Listener(std::uint32_t burst) {
        world.publish();
        node().control().burst = burst;
    }
    TestNode& node() { return world[3]; }
    void hear(const std::vector<OverlayPacket>& packets, Instant now) {
        const std::uint64_t before = node().counters().rx;
        for (const OverlayPacket& packet : packets) {
            node().put(kWan, ethernet(port_mac(3, kWan), port_mac(packet.sender, kWan), packet.bytes()));
        }
        while (node().counters().rx < before + packets.size()) {
            node().round(now);
        }
        node().take(kWan);
        for (LinkReport report; node().reports().pop(report);) {
            if (report.kind == LinkReportKind::rtt) {
                samples[raw(report.link)] += report.rtt.count;
                least[raw(report.link)] = std::min(least[raw(report.link)], report.rtt.least);
            }
        }
    }
    // Every word that is known of a link, but for what waits to be reported.
    std::vector<std::uint64_t> knows(int peer) {
        const NodeSlot slot = TestWorld::slot(peer);
        const LinkCell& cell = node().links().cell(slot);
        const LinkCounters& counters = node().links().counters(LcoreIndex{0}, slot);
        std::vector<std::uint64_t> out = {cell.echo,         static_cast<std::uint64_t>(cell.last_heard.load()),
                                          cell.peer_sent,    cell.received_then,
                                          cell.keep_alives,  counters.received,
                                          counters.reordered};
        for (std::size_t i = 0; i < RttHistogram::kBuckets; ++i) {
            out.push_back(node().lcore().receiver.histogram(slot).count(i));
        }
        return out;
    }
};

OverlayPacket heard_at(Instant now, std::uint64_t number, Random& random) {
    OverlayPacket out;
    out.sender = static_cast<std::uint16_t>(1 + random.below(2));
    out.source = out.sender == 1 ? ip("192.0.2.1") : ip("192.0.2.2");
    out.destination = ip("192.0.2.3");
    out.ingress = out.sender;
    out.inner = udp().from("10.1.0.10", 40000).to("10.99.0.80", 80).bytes();
    out.t_tx = 1'000 + random.below(3);
    const auto rtt = static_cast<std::uint32_t>(Nanos{milliseconds{10 + 10 * random.below(2)}}.count());
    out.t_hold = random.below(4) == 0 ? kNothingToEcho : random.below(2) * 5'000;
    out.t_echo = low_clock(now) - rtt - out.t_hold;
    out.packet_number = number + random.below(4);
    if (random.below(10) == 0) {
        out.geneve_flags = 0xC0;
        out.inner = keep_alive(1'000'000, 200, number);
    }
    return out;
}

TEST(Bursts, ALinkIsKnownAfterABurstAsAfterItsPacketsOneByOne) {
    Listener together{kMaxBurst};
    Listener apart{1};
    Random random{7};
    Instant now = together.world.now;
    std::uint64_t number = 1;
    for (int turn = 0; turn < 100; ++turn) {
        now += microseconds{700};
        std::vector<OverlayPacket> packets;
        for (std::uint64_t left = 1 + random.below(70); left > 0; --left) {
            packets.push_back(heard_at(now, number++, random));
            // Often several of one peer in a row, with the same stamps, as a peer's round sends them.
            while (random.below(3) != 0) {
                packets.push_back(packets.back());
                packets.back().packet_number = number++;
            }
        }
        together.hear(packets, now);
        apart.hear(packets, now);
        for (const int peer : {1, 2}) {
            ASSERT_EQ(together.knows(peer), apart.knows(peer)) << "turn " << turn << ", peer " << peer;
        }
    }
    EXPECT_GT(together.knows(1)[6], 0u) << "some came out of order";
    EXPECT_GT(together.knows(2)[4], 0u) << "some were keep-alives";

    // What was not reported yet is, with the next sample.
    now += milliseconds{2};
    for (const std::uint16_t sender : {std::uint16_t{1}, std::uint16_t{2}}) {
        OverlayPacket last = heard_at(now, number, random);
        last.sender = sender;
        last.source = sender == 1 ? ip("192.0.2.1") : ip("192.0.2.2");
        last.t_hold = 0;
        last.t_echo = low_clock(now) - 20'000'000;
        together.hear({last}, now);
        apart.hear({last}, now);
    }
    EXPECT_EQ(together.samples, apart.samples);
    EXPECT_EQ(together.least, apart.least);
    EXPECT_EQ(together.least[0], milliseconds{10});
}

}  // namespace
}  // namespace izar
