#include "sched/loss_estimate.h"

#include <gtest/gtest.h>

#include "dataplane/base/random.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kWindow = 100ms;

class LossEstimateTest : public testing::Test {
  protected:
    void window(std::uint64_t expected, std::uint64_t received) {
        now += kWindow;
        loss.take({expected, received, 0}, now);
    }
    // A link that loses packets at random for a while, at `rate` packets a second.
    void live(Nanos span, double share, std::uint64_t rate) {
        for (const Instant end = now + span; now < end;) {
            const std::uint64_t expected = rate / 10;
            std::uint64_t received = 0;
            for (std::uint64_t i = 0; i < expected; ++i) {
                received += static_cast<double>(random.next() >> 11) * 0x1p-53 >= share ? 1 : 0;
            }
            window(expected, received);
        }
    }

    Instant now{1h};
    LossEstimate loss;
    Random random{3};
};

TEST_F(LossEstimateTest, TwoPercentAreSeenWithinHalfASecondUnderLoad) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        random = Random{seed};
        loss = LossEstimate{};
        live(20s, 0, 1'100);
        live(500ms, 0.02, 1'100);
        EXPECT_GT(loss.share(), 0.005) << "seed " << seed;
        EXPECT_LT(loss.share(), 0.05) << "seed " << seed;
    }
}

TEST_F(LossEstimateTest, ALinkThatWasLeftAndStillLosesStaysLossy) {
    live(20s, 0, 10'000);
    live(1s, 0.02, 10'000);
    ASSERT_GT(loss.share(), 0.015);
    // Keep-alives alone, a hundredth of the packets; and later the link heals.
    for (int i = 0; i < 600; ++i) {
        live(100ms, 0.02, 100);
        EXPECT_GT(loss.share(), 0.01) << i;
    }
    live(60s, 0, 100);
    EXPECT_LT(loss.share(), 0.001);
}

TEST_F(LossEstimateTest, ABurstIsAnAccident) {
    live(10s, 0, 1'000);
    window(100, 40);
    window(100, 95);
    live(1s, 0, 1'000);
    EXPECT_LT(loss.share(), 0.008);
    EXPECT_EQ(loss.lost(), 65u);
}

TEST_F(LossEstimateTest, EveryNthPacketLostIsLoss) {
    live(1s, 0, 1'000);
    for (int i = 0; i < 5; ++i) {
        window(100, 98);
    }
    EXPECT_NEAR(loss.share(), 0.02, 0.001);
}

TEST_F(LossEstimateTest, LatePacketsAreNotLost) {
    for (int i = 0; i < 100; ++i) {
        window(100, i % 2 == 0 ? 90 : 110);
    }
    EXPECT_LT(loss.share(), 0.005);
    EXPECT_EQ(loss.lost(), 0u);
}

TEST_F(LossEstimateTest, FewPacketsSayNothing) {
    window(1, 0);
    window(2, 0);
    window(2, 0);
    EXPECT_EQ(loss.share(), 0);
}

TEST_F(LossEstimateTest, WhatWasLostWhileItWasDownIsForgottenButCounted) {
    live(2s, 0.5, 1'000);
    ASSERT_GT(loss.share(), 0.3);
    loss.restart();
    EXPECT_EQ(loss.share(), 0);
    EXPECT_GT(loss.lost(), 800u);
}

}  // namespace
}  // namespace izar
