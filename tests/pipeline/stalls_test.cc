// Nodes on machines that have more to do than they can: lcores are held up all the time; and one whose clock jumps.
// Whole nodes, virtual time.
#include <gtest/gtest.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "dataplane/base/random.h"
#include "tests/pipeline/simulated_wan.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kNodes = 3;
constexpr std::array<std::pair<int, int>, 6> kEnds{{{1, 2}, {2, 1}, {1, 3}, {3, 1}, {2, 3}, {3, 2}}};  // at, of
// What was under way takes 10 ms; three intervals; and the simulation's steps.
constexpr Nanos kFoundWithin = milliseconds{45};

NodeOptions lively() {
    NodeOptions options;
    options.links = {.interval = milliseconds{10}, .multiplier = 3};
    return options;
}

class Stalls : public testing::TestWithParam<int> {
  protected:
    SimulatedWan wan{kNodes, static_cast<std::uint64_t>(GetParam()), lively()};
    Random random{static_cast<std::uint64_t>(GetParam())};

    void SetUp() override {
        for (const auto& [a, b] : {std::pair{1, 2}, {1, 3}, {2, 3}}) {
            wan.set_rtt(a, b, milliseconds{20});
        }
        wan.run(seconds{2});
    }
    // Each lcore is held up 20 times a second, with a heavy tail: Pareto's law with exponent 1.3 from 1 ms to 200 ms.
    void run_under_load(Nanos span) {
        for (const Instant end = wan.now + span; wan.now < end; wan.run(SimulatedWan::kStep)) {
            for (int node = 1; node <= kNodes; ++node) {
                if (!wan.is_frozen(node) && random.below(50) == 0) {
                    wan.freeze(node, hold_up());
                }
            }
        }
    }
    Nanos hold_up() {
        const double even = (random.below(1'000'000) + 1) / 1e6;
        return std::min(Nanos{milliseconds{200}},
                        Nanos{microseconds{static_cast<int>(1'000 * std::pow(even, -1 / 1.3))}});
    }
    std::uint64_t times_down() const {
        std::uint64_t sum = 0;
        for (const auto& [a, b] : {std::pair{1, 2}, {1, 3}, {2, 3}}) {
            sum += wan.link_status(a, b).times_down + wan.link_status(b, a).times_down;
        }
        return sum;
    }
    Nanos detection(int at, int of) {
        return Nanos{wan.node(at).links().cell(NodeSlot{static_cast<std::uint16_t>(of - 1)}).detection.load()};
    }
    // The interval that the peer told last.
    Nanos told(int at, int of) {
        return Nanos{wan.node(at).links().cell(NodeSlot{static_cast<std::uint16_t>(of - 1)}).peer_interval.load()};
    }
    // Cuts a link; how long until both ends left it, 2 s at most.
    Nanos cut(int a, int b) {
        wan.change(a, b, [](wan::LinkProfile& link) { link.up = false; });
        const Instant cut_at = wan.now;
        while ((up(a, b) || up(b, a)) && wan.now - cut_at < seconds{2}) {
            wan.run(SimulatedWan::kStep);
        }
        return wan.now - cut_at;
    }
    bool up(int at, int of) { return !wan.node(at).links().down(NodeSlot{static_cast<std::uint16_t>(of - 1)}); }
};

// The first long pause of a machine that was idle before comes without a warning, so the first seconds do not count.
TEST_P(Stalls, TenMinutesUnderLoadWithoutAFalseAlarm) {
    run_under_load(seconds{20});
    const std::uint64_t before = times_down();
    run_under_load(minutes{10});
    EXPECT_EQ(times_down(), before);
    EXPECT_GT(wan.node(1).counters().longest_pause_ns, 150'000'000u) << "the load was none";
    RecordProperty("detection_ms", static_cast<int>(detection(1, 2) / milliseconds{1}));
}

TEST_P(Stalls, ACutUnderLoadIsFoundInTheStretchedTime) {
    run_under_load(minutes{1});
    for (int i = 0; i < 10; ++i) {
        const Nanos asked = std::max(detection(1, 2), detection(2, 1));
        const auto set_up = [&](bool is_up) { wan.change(1, 2, [&](wan::LinkProfile& link) { link.up = is_up; }); };
        set_up(false);
        const Instant cut_at = wan.now;
        while ((up(1, 2) || up(2, 1)) && wan.now - cut_at < seconds{2}) {
            run_under_load(milliseconds{1});
        }
        // What was under way, the silence asked for, and hold-ups of those who have to notice.
        EXPECT_LE(wan.now - cut_at, milliseconds{10} + asked + milliseconds{400}) << i;
        set_up(true);
        run_under_load(seconds{2});
        ASSERT_TRUE(up(1, 2) && up(2, 1)) << i;
    }
}

// The whole way: lcores pause, tell their peers longer intervals, peers wait longer; and back.
TEST_P(Stalls, WhenTheLoadEndsDeathIsFoundFastAgain) {
    run_under_load(minutes{5});
    for (const auto& [at, of] : kEnds) {
        EXPECT_GT(told(at, of), milliseconds{30}) << at << " of " << of;
        EXPECT_GT(detection(at, of), milliseconds{100}) << at << " of " << of;
    }
    wan.run(2 * OwnPauses::kWindow + seconds{1});
    for (const auto& [at, of] : kEnds) {
        EXPECT_EQ(told(at, of), milliseconds{10}) << at << " of " << of;
        EXPECT_EQ(detection(at, of), milliseconds{30}) << at << " of " << of;
    }
    EXPECT_LE(cut(1, 2), kFoundWithin);
}

// Nobody was told beforehand, so the links fell for no reason: that is remembered for longer than what is told.
TEST_P(Stalls, APauseOfAnIdleMachineIsForgotten) {
    EXPECT_EQ(detection(2, 1), milliseconds{30});
    const std::uint64_t before = times_down();
    wan.freeze(1, milliseconds{200});
    wan.run(seconds{2});
    EXPECT_GT(times_down(), before);
    for (const int at : {2, 3}) {
        EXPECT_GT(told(at, 1), milliseconds{80});
        EXPECT_EQ(detection(at, 1), OwnPauses::kLongestPromise);
        EXPECT_EQ(told(1, at), milliseconds{10}) << "they did not pause";
        EXPECT_EQ(detection(1, at), milliseconds{30});
    }
    wan.run(2 * OwnPauses::kWindow);
    for (const int at : {2, 3}) {
        EXPECT_EQ(told(at, 1), milliseconds{10});
        EXPECT_LT(detection(at, 1), milliseconds{100});
    }
    wan.run(minutes{1});
    for (const auto& [at, of] : kEnds) {
        EXPECT_EQ(detection(at, of), milliseconds{30}) << at << " of " << of;
    }
    EXPECT_LE(cut(1, 2), kFoundWithin);
}

// Only the sender's own clock counts: to the others nothing has happened.
TEST_P(Stalls, APeersClockMayJump) {
    const auto expect_links_as_before = [&] {
        for (const int at : {1, 3}) {
            EXPECT_TRUE(up(at, 2));
            EXPECT_EQ(wan.link_status(at, 2).times_down, 0u) << at;
            EXPECT_NEAR(static_cast<double>(wan.link_status(at, 2).smoothed->count()), 20e6, 2e6) << at;
        }
    };
    expect_links_as_before();
    for (const Nanos ahead : {Nanos{seconds{10}}, Nanos{std::chrono::hours{5}}}) {
        wan.set_clock_ahead(2, ahead);
        for (int i = 0; i < 100; ++i) {
            wan.run(milliseconds{10});
            expect_links_as_before();
        }
    }
    EXPECT_LE(cut(1, 3), kFoundWithin) << "those of others are judged as ever";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Stalls, testing::Range(1, 3));

// Between the beginning of a round and the packets that it takes: they came in that time, not before it.
class HeldUpOnTheWayToItsPackets : public testing::Test {
  protected:
    static constexpr Nanos kHeld = milliseconds{3};
    const TscClock clock{rte_get_tsc_hz()};
    TestWorld world{2, Family::ipv4, lively()};
    const rte_eth_rxtx_callback* callback = nullptr;

    void SetUp() override {
        world.now = clock.now();
        world.publish();
        const auto hold = [](std::uint16_t, std::uint16_t, rte_mbuf**, std::uint16_t n, std::uint16_t, void* clock_of) {
            const auto& clock = *static_cast<const TscClock*>(clock_of);
            for (const Instant end = clock.now() + kHeld; n != 0 && clock.now() < end;) {
            }
            return n;
        };
        callback = rte_eth_add_rx_callback(world[1].dpdk_id(kWan), 0, hold, const_cast<TscClock*>(&clock));
        ASSERT_NE(callback, nullptr);
    }
    // DPDK gives the port's number, and what hangs on it, to the next port.
    void TearDown() override { EXPECT_EQ(rte_eth_remove_rx_callback(world[1].dpdk_id(kWan), 0, callback), 0); }
    void round_of(int node, int peer) {
        world[node].bare_round(0, clock.now(), &clock);
        for (const Bytes& frame : world[node].take(kWan)) {
            world[peer].put(kWan, frame);
        }
    }
};

TEST_F(HeldUpOnTheWayToItsPackets, ANodeMeasuresNoRttTooShort) {
    std::vector<Nanos> least;
    for (const Instant end = clock.now() + seconds{20}; least.size() < 3 && clock.now() < end;) {
        round_of(1, 2);
        round_of(2, 1);
        for (LinkReport report; world[1].reports().pop(report);) {
            if (report.kind == LinkReportKind::rtt) {
                least.push_back(report.rtt.least);
            }
        }
    }
    ASSERT_GE(least.size(), 3u);
    EXPECT_GE(std::ranges::min(least), kHeld);
}

}  // namespace
}  // namespace izar
