// Links that get worse without dying: whole nodes on emulated links, on a virtual clock, from many seeds.
#include <gtest/gtest.h>

#include "tests/pipeline/simulated_wan.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kSeeds = 2;

NodeOptions lively() {
    NodeOptions options;
    options.links = {.interval = milliseconds{10}, .multiplier = 3};
    return options;
}

// Clients at 1, origins at 3; over 2 the way is shortest, over 4 not much longer, the direct one is slow.
class Degradation : public testing::TestWithParam<int> {
  protected:
    SimulatedWan wan{4, static_cast<std::uint64_t>(GetParam()), lively()};

    void SetUp() override {
        wan.set_rtt(1, 2, milliseconds{20});
        wan.set_rtt(2, 3, milliseconds{20});
        wan.set_rtt(1, 4, milliseconds{22});
        wan.set_rtt(4, 3, milliseconds{23});
        wan.set_rtt(2, 4, milliseconds{50});
        wan.set_rtt(1, 3, milliseconds{90});
        wan.serve({ServiceSpec{1}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80")});
        wan.stream({udp(400).from("10.1.0.10", 40000).to("10.99.0.80", 80), 1});
        wan.run(seconds{6});
        ASSERT_EQ(wan.path(1, 3), "1-2-3");
    }
    // The path was left within a second, and for the next five the way is another one.
    void expect_left(Nanos waited) {
        EXPECT_LE(waited, seconds{1});
        for (const auto& [from, to] : {std::pair{1, 2}, {2, 1}, {2, 3}, {3, 2}}) {
            EXPECT_EQ(wan.link_status(from, to).times_down, 0u) << from << " to " << to;
        }
        for (int i = 0; i < 50; ++i) {
            wan.run(milliseconds{100});
            ASSERT_NE(wan.path(1, 3), "1-2-3") << "back after " << i * 100 << " ms";
        }
    }
};

TEST_P(Degradation, TwoPercentLoss) {
    wan.change(1, 2, [](wan::LinkProfile& link) { link.loss = 0.02; });
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

TEST_P(Degradation, TwoPercentLossInOneDirectionAwayFromTheIngress) {
    wan.change_one_way(1, 2, [](wan::LinkProfile& link) { link.loss = 0.02; });
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

TEST_P(Degradation, TwoPercentLossOfALinkThatTheIngressDoesNotHave) {
    wan.change_one_way(2, 3, [](wan::LinkProfile& link) { link.loss = 0.02; });
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

TEST_P(Degradation, EveryFiftiethPacket) {
    wan.change_one_way(2, 3, [](wan::LinkProfile& link) { link.drop_every = 50; });
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

TEST_P(Degradation, DoubledRtt) {
    wan.set_rtt(1, 2, milliseconds{40});
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

TEST_P(Degradation, DoubledRttOfALinkThatTheIngressDoesNotHave) {
    wan.set_rtt(2, 3, milliseconds{40});
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

TEST_P(Degradation, DelayInOneDirectionOnly) {
    wan.change_one_way(1, 2, [](wan::LinkProfile& link) { link.delay += milliseconds{20}; });
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

// Grey failures: small packets, keep-alives among them, arrive all the same.
TEST_P(Degradation, OnlyLargePacketsVanish) {
    wan.change_one_way(1, 2, [](wan::LinkProfile& link) { link.mtu_bytes = 1300; });
    expect_left(wan.run_until_path("1-4-3", seconds{3}));
}

// At each phase of the padded keep-alives, which go every 200 ms.
TEST_P(Degradation, OnlyLargePacketsVanishOnALinkThatTheIngressDoesNotHave) {
    for (int phase = 0; phase < 3; ++phase) {
        wan.change_one_way(2, 3, [](wan::LinkProfile& link) { link.mtu_bytes = 1300; });
        expect_left(wan.run_until_path("1-4-3", seconds{3}));
        wan.change_one_way(2, 3, [](wan::LinkProfile& link) { link.mtu_bytes = 0; });
        ASSERT_LT(wan.run_until_path("1-2-3", seconds{30}), seconds{30});
        wan.run(milliseconds{70});
    }
}

TEST_P(Degradation, WhereAllPathsShrinkTheirMtuIsLearned) {
    for (const auto& [a, b] : {std::pair{1, 2}, {1, 4}, {1, 3}}) {
        wan.change_one_way(a, b, [](wan::LinkProfile& link) { link.mtu_bytes = 1400; });
    }
    wan.run(seconds{5});
    EXPECT_EQ(wan.link_status(1, 2).mtu, 1400);
    EXPECT_EQ(wan.link_status(2, 1).mtu, 1500) << "the other direction carries what it did";
    const std::uint16_t inner = 1400 - overlay_overhead(Family::ipv4);
    EXPECT_EQ(wan.inner_mtu(1, 3), inner);
    const auto too_big = [&](std::size_t bytes) {
        const std::uint64_t before = wan.node(1).count(Verdict::too_big);
        wan.node(1).put_packet(kLan, udp().long_in_all(bytes).from("10.1.0.10", 40000).to("10.99.0.80", 80).bytes(),
                               wan.now);
        wan.run(milliseconds{100});
        return wan.node(1).count(Verdict::too_big) - before;
    };
    EXPECT_EQ(too_big(inner), 0u);
    EXPECT_EQ(too_big(inner + 1), 1u) << "its sender is told, instead of losing it on the way";
    for (const int other : {2, 3, 4}) {
        wan.change_one_way(1, other, [](wan::LinkProfile& link) { link.mtu_bytes = 0; });
    }
    wan.run(seconds{15});
    EXPECT_EQ(wan.inner_mtu(1, 3), 1500 - overlay_overhead(Family::ipv4));
}

TEST_P(Degradation, AHealthyPathIsNotLeftForLittleLossOrJitter) {
    wan.change(1, 2, [](wan::LinkProfile& link) {
        link.loss = 0.0005;
        link.jitter = milliseconds{1};
    });
    for (int i = 0; i < 100; ++i) {
        wan.run(milliseconds{100});
        ASSERT_EQ(wan.path(1, 3), "1-2-3");
    }
    EXPECT_EQ(wan.scheduler(1).status(wan.now).links[0].times_down, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Degradation, testing::Range(1, kSeeds + 1));

}  // namespace
}  // namespace izar
