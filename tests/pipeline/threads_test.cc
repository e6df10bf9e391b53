// Where threads meet: the published tables, snapshots, neighbours, the flow window and the hand-over ring. Right
// values prove it in any build; ThreadSanitizer proves the rest.
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "dataplane/io/hand_over.h"
#include "dataplane/io/neighbors.h"
#include "dataplane/lcore/counters.h"
#include "dataplane/lcore/flow_window.h"
#include "dataplane/tables/publisher.h"

namespace izar {
namespace {

// One destination in so many carries the table's stamp: enough of a table of a megabyte to see a mixture at once.
constexpr std::size_t kStampStride = kMaxPolicies;

void stamp(RouteTable& table, std::uint32_t number) {
    for (std::size_t i = 0; i < table.destination.size(); i += kStampStride) {
        table.destination[i].path[0].predicted_rtt_us = number;
    }
}

TEST(PublisherThreads, ReadersSeeWholeTablesAndOldOnesAreFreed) {
    constexpr std::uint32_t kTables = 400;
    Publisher publisher(2);
    std::atomic<bool> done{false};
    std::atomic<std::uint32_t> ready{0};
    std::array<std::atomic<std::uint64_t>, 2> reads{};
    const auto read = [&](std::uint8_t index) {
        const OnLcore on_lcore = OnLcore::claim(LcoreIndex{index});
        publisher.online(on_lcore);
        ++ready;
        std::uint64_t last = 0;
        while (!done.load(std::memory_order_acquire)) {
            publisher.quiescent(on_lcore);
            const Published& root = publisher.read(on_lcore);
            if (root.routes == nullptr) {
                continue;
            }
            const std::uint32_t number = root.routes->destination[0].path[0].predicted_rtt_us;
            for (std::size_t i = 0; i < root.routes->destination.size(); i += kStampStride) {
                ASSERT_EQ(root.routes->destination[i].path[0].predicted_rtt_us, number);
            }
            ASSERT_EQ(root.fleet->version, number);
            ASSERT_GE(root.generation, last);
            last = root.generation;
            if (++reads[index] % 64 == 0) {  // a nap
                publisher.offline(on_lcore);
                publisher.online(on_lcore);
            }
        }
        publisher.offline(on_lcore);
    };
    std::thread first(read, std::uint8_t{0});
    std::thread second(read, std::uint8_t{1});
    while (ready < 2) {
        std::this_thread::yield();
    }
    const OnSched on_sched = OnSched::claim();
    std::weak_ptr<const Fleet> early;
    for (std::uint32_t number = 1; number <= kTables;) {
        RouteTable* const table = publisher.writable(on_sched);
        if (table == nullptr) {
            std::this_thread::yield();
            continue;
        }
        stamp(*table, number);
        auto fleet = std::make_shared<Fleet>();
        fleet->version = number;
        early = number == 1 ? fleet : early;
        publisher.publish(on_sched, table, fleet, nullptr, nullptr);
        ++number;
    }
    while (reads[0] == 0 || reads[1] == 0) {
        std::this_thread::yield();
    }
    done.store(true, std::memory_order_release);
    first.join();
    second.join();
    EXPECT_EQ(publisher.generation(), kTables);
    EXPECT_TRUE(early.expired()) << "what nobody reads is freed";
}

TEST(SnapshotThreads, AReaderNeverSeesHalfOfAPublish) {
    constexpr std::uint64_t kPublishes = 50'000;
    Snapshot snapshot;
    std::thread lcore([&] {
        LcoreCounters counters;
        for (std::uint64_t i = 1; i <= kPublishes; ++i) {
            counters.rx = counters.tx = counters.rounds = i;
            counters.ports[kMaxPorts - 1].tx_dropped = i;
            snapshot.publish(counters, kMaxPorts);
        }
    });
    std::uint64_t last = 0;
    while (last < kPublishes) {
        const LcoreCounters seen = snapshot.read();
        EXPECT_TRUE(seen.accounted());
        EXPECT_EQ(seen.rx, seen.rounds);
        EXPECT_EQ(seen.rx, seen.ports[kMaxPorts - 1].tx_dropped);
        EXPECT_GE(seen.rx, last);
        last = seen.rx;
    }
    lcore.join();
}

TEST(NeighborThreads, BothLcoresGetOneEntryForAnAddress) {
    constexpr std::uint32_t kAddresses = 1'000;
    NeighborTable table(5);
    const auto address = [](std::uint32_t i) { return IpAddress{Ipv4Address{Be32{0x0A000000U + i}}}; };
    std::array<std::vector<NeighborIndex>, 2> got;
    std::atomic<int> ready{0};
    const auto insert = [&](std::size_t self) {
        ++ready;
        while (ready < 2) {
        }
        for (std::uint32_t i = 0; i < kAddresses; ++i) {
            const NeighborIndex index = table.insert(PortIndex{0}, address(i));
            got[self].push_back(index);
            const MacAddress mac{{2, 0, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
            table.learn(index, mac, Instant{});
        }
    };
    std::thread other(insert, 1);
    insert(0);
    other.join();
    EXPECT_EQ(got[0], got[1]);
    for (std::uint32_t i = 0; i < kAddresses; ++i) {
        const NeighborIndex index = table.find(PortIndex{0}, address(i));
        ASSERT_EQ(index, got[0][i]);
        EXPECT_EQ(table.entry(index).address, address(i));
        EXPECT_EQ(table.mac(index).mac().bytes[5], static_cast<std::uint8_t>(i));
    }
}

TEST(FlowWindowThreads, MainSeesAPictureThatTheLcoreMade) {
    const HashSeed seed = HashSeed::from(3);
    auto flows4 = FlowTable<Ipv4Address>::make(512, seed);
    auto flows6 = FlowTable<Ipv6Address>::make(16, seed);
    ASSERT_TRUE(flows4 && flows6);
    FlowWindow window;
    std::atomic<bool> done{false};
    std::thread lcore([&] {
        Instant now{};
        for (std::uint32_t i = 0; !done; ++i) {
            now += Nanos{1000};
            const FlowKey<Ipv4Address> key{{Be32{i % 512}}, {Be32{1}}, Be16{7}, Be16{80}, IpProtocol::tcp, {}};
            if (const FlowRef ref = flows4->create(key, flows4->hash(key), now)) {
                (*flows4)[ref].vip_port = Be16{80};
            }
            window.serve(*flows4, *flows6, now);
        }
    });
    Instant last{};
    for (int looks = 0; looks < 200;) {
        const auto picture = window.take();
        if (!picture) {
            std::this_thread::yield();
            continue;
        }
        EXPECT_GE(picture->at, last);
        last = picture->at;
        for (const Flow<Ipv4Address>& flow : picture->ipv4) {
            EXPECT_EQ(flow.vip_port.value(), 80);
            EXPECT_EQ(flow.protocol, IpProtocol::tcp);
        }
        ++looks;
        window.ask();
    }
    done = true;
    lcore.join();
}

TEST(HandOver, RingsToOneLcoreHoldLessThanHalfOfTheBuffers) {
    EXPECT_EQ(HandOver::slots(2, 16'384), 4'096u);
    for (std::size_t lcores = 2; lcores <= kMaxLcores; ++lcores) {
        for (const std::size_t buffers : {2'048u, 5'000u, 16'384u, 4'194'304u}) {  // edge.yaml: 2,048 to 4,194,304
            const std::size_t slots = HandOver::slots(lcores, buffers);
            EXPECT_LT((lcores - 1) * slots, buffers / 2);
            EXPECT_GE(slots, 2 * kMaxBurst) << "a burst fits while another is being taken";
            EXPECT_TRUE(std::has_single_bit(slots));
        }
    }
}

TEST(HandOverThreads, EveryPacketArrivesOnceAndInOrder) {
    constexpr std::uint32_t kPackets = 50'000;
    constexpr std::uint32_t kBuffers = 2'048;
    constexpr std::size_t kPool = 4'096;
    static_assert(HandOver::slots(2, kPool) < kBuffers, "the ring fills at times");
    auto hand_over = HandOver::make("hand_over_test", 2, kPool);
    ASSERT_TRUE(hand_over);
    const LcoreIndex a{0};
    const LcoreIndex b{1};
    // No pool: its own ring would order the two threads where the hand-over ring must do it.
    const auto buffers = std::make_unique<rte_mbuf[]>(kBuffers);
    std::atomic<std::uint32_t> received{0};
    std::thread receiver([&] {
        std::array<rte_mbuf*, kMaxBurst> taken;
        for (std::uint32_t expected = 0; expected < kPackets;) {
            const unsigned n = (*hand_over)->take(a, b, taken);
            for (unsigned i = 0; i < n; ++i) {
                EXPECT_EQ(taken[i]->hash.usr, expected++);
            }
            received.store(expected, std::memory_order_release);
        }
    });
    std::uint32_t refused = 0;
    for (std::uint32_t sent = 0; sent < kPackets;) {
        if (sent - received.load(std::memory_order_acquire) >= kBuffers) {
            std::this_thread::yield();
            continue;
        }
        // Some at a time, of which a ring that is nearly full takes the first ones only.
        std::array<rte_mbuf*, 5> packets;
        const std::uint32_t free = kBuffers - (sent - received.load(std::memory_order_acquire));
        const std::uint32_t n = std::min<std::uint32_t>({5, free, kPackets - sent});
        for (std::uint32_t i = 0; i < n; ++i) {
            packets[i] = &buffers[(sent + i) % kBuffers];
            packets[i]->hash.usr = sent + i;
        }
        const std::size_t taken = (*hand_over)->put(a, b, std::span{packets}.first(n));
        sent += static_cast<std::uint32_t>(taken);
        if (taken < n) {
            ++refused;
            std::this_thread::yield();
        }
    }
    receiver.join();
    EXPECT_EQ(received, kPackets) << refused << " times the ring was full";
}

}  // namespace
}  // namespace izar
