#include "tools/wan_emulator/wan_switch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace izar::wan {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds{50}};
constexpr Instant kLater = kStart + std::chrono::hours{1};

using Address = std::array<std::uint8_t, 6>;
constexpr Address kBroadcast{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

Address station(std::uint8_t n) {
    return {0x02, 0, 0, 0, 0, n};
}

struct Fixture {
    explicit Fixture(std::size_t limit = 64) : pool(limit + 8), wan(1, 4, pool, limit) {}

    void send(std::uint16_t port, Address source, Address target, std::uint8_t payload, Instant at = kStart) {
        const PacketSlot slot = pool.take();
        auto room = pool.room(slot);
        std::memcpy(room.data(), target.data(), 6);
        std::memcpy(room.data() + 6, source.data(), 6);
        room[14] = std::byte{payload};
        pool.set_size(slot, 60);
        wan.accept(WanPort{port}, at, slot);
    }

    // Ports and payloads in the order of delivery, up to `now`.
    std::vector<std::pair<int, int>> receive(Instant now = kLater) {
        std::vector<std::pair<int, int>> seen;
        WanSwitch::Delivery delivery{};
        while (wan.take_due(now, delivery)) {
            seen.emplace_back(raw(delivery.destination), static_cast<int>(pool.frame(delivery.slot)[14]));
            pool.give_back(delivery.slot);
        }
        return seen;
    }

    void set_delay(std::uint16_t from, std::uint16_t to, Nanos delay) {
        LinkProfile profile = wan.link(WanPort{from}, WanPort{to}).profile();
        profile.delay = delay;
        wan.link(WanPort{from}, WanPort{to}).set_profile(profile);
    }

    PacketPool pool;
    WanSwitch wan;
};

TEST(WanSwitch, FloodsWithEachLinksDelayThenLearns) {
    Fixture f;
    f.set_delay(0, 1, milliseconds{30});
    f.set_delay(0, 2, milliseconds{10});
    f.set_delay(0, 3, milliseconds{20});
    f.send(0, station(1), kBroadcast, 7);
    EXPECT_EQ(f.wan.next_delivery(), kStart + milliseconds{10});
    EXPECT_TRUE(f.receive(kStart + milliseconds{9}).empty());
    EXPECT_EQ(f.receive(kStart + milliseconds{20}), (std::vector<std::pair<int, int>>{{2, 7}, {3, 7}}));
    EXPECT_EQ(f.receive(), (std::vector<std::pair<int, int>>{{1, 7}}));
    f.send(2, station(3), station(1), 8);
    EXPECT_EQ(f.receive(), (std::vector<std::pair<int, int>>{{0, 8}}));
    f.send(0, station(1), station(3), 9);
    EXPECT_EQ(f.receive(), (std::vector<std::pair<int, int>>{{2, 9}}));
}

TEST(WanSwitch, FollowsAStationThatMoves) {
    Fixture f;
    f.send(1, station(5), kBroadcast, 0);
    f.send(3, station(5), kBroadcast, 0);
    f.receive();
    f.send(0, station(1), station(5), 4);
    EXPECT_EQ(f.receive(), (std::vector<std::pair<int, int>>{{3, 4}}));
}

TEST(WanSwitch, KeepsOrderAtEqualTimes) {
    Fixture f;
    f.send(1, station(2), kBroadcast, 0);
    f.receive();
    for (std::uint8_t i = 0; i < 50; ++i) {
        f.send(0, station(1), station(2), i);
    }
    const auto seen = f.receive();
    ASSERT_EQ(seen.size(), 50U);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(seen[static_cast<std::size_t>(i)].second, i);
    }
}

TEST(WanSwitch, FullMemoryDropsCountsAndRecovers) {
    Fixture f(16);
    f.send(1, station(2), kBroadcast, 0);
    f.receive();
    for (std::uint8_t i = 0; i < 20; ++i) {
        f.send(0, station(1), station(2), i);
    }
    const LinkCounters& counters = f.wan.link(WanPort{0}, WanPort{1}).counters();
    EXPECT_EQ(counters.memory, 4U);
    EXPECT_EQ(counters.in_flight, 16U);
    EXPECT_EQ(f.receive().size(), 16U);
    EXPECT_EQ(counters.in_flight, 0U);
    EXPECT_EQ(counters.delivered, 16U);
    EXPECT_EQ(f.pool.available(), 24U);  // every slot came back
    f.send(0, station(1), station(2), 1);
    EXPECT_EQ(f.receive().size(), 1U);
}

TEST(WanSwitch, RunsOfOneSeedAreEqual) {
    const auto run = [] {
        Fixture f(4096);
        f.wan.link(WanPort{0}, WanPort{1})
            .set_profile({.delay = milliseconds{5}, .loss = 0.1, .duplicate = 0.1, .reorder = 0.1});
        f.send(1, station(2), kBroadcast, 0);
        f.receive();
        for (int i = 0; i < 2000; ++i) {
            f.send(0, station(1), station(2), static_cast<std::uint8_t>(i), kStart + i * milliseconds{1});
        }
        return f.receive();
    };
    const auto first = run();
    EXPECT_EQ(first, run());
    EXPECT_NE(first.size(), 2000U);
}

}  // namespace
}  // namespace izar::wan
