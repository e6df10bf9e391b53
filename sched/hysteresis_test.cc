#include "sched/hysteresis.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours{1}};

TEST(FlapDamper, TheFirstChangeIsFreeThenHoldsDouble) {
    FlapDamper damper;
    damper.change(kStart);
    EXPECT_FALSE(damper.held(kStart));
    Nanos expected = 1s;
    for (int i = 1; i <= 10; ++i) {
        damper.change(kStart + i * 1ms);
        EXPECT_EQ(damper.held_until(), kStart + i * 1ms + std::min(expected, FlapDamper::kLongestHold));
        expected *= 2;
    }
}

TEST(FlapDamper, QuietTimeForgives) {
    FlapDamper damper;
    for (int i = 0; i < 4; ++i) {
        damper.change(kStart);
    }
    EXPECT_EQ(damper.changes(), 4u);
    damper.change(kStart + 65s);  // two half minutes
    EXPECT_EQ(damper.changes(), 3u);
    damper.change(kStart + 24h);
    EXPECT_EQ(damper.changes(), 1u);
    EXPECT_FALSE(damper.held(kStart + 24h));
}

TEST(FlapDamper, WithoutFreeChangesTheFirstOneHolds) {
    FlapDamper damper{0};
    damper.change(kStart);
    EXPECT_EQ(damper.held_until(), kStart + FlapDamper::kFirstHold);
}

TEST(JudgeSwitch, NeedsBothMargins) {
    const SwitchMargins margins;  // 5 ms and 10 %
    const FlapDamper calm;
    const auto judge = [&](Cost current, Cost best) { return judge_switch(margins, current, best, calm, kStart); };
    EXPECT_EQ(judge(40'000, 35'001), PathReason::kept_margin);
    EXPECT_EQ(judge(40'000, 35'000), PathReason::better);
    EXPECT_EQ(judge(200'000, 180'001), PathReason::kept_margin) << "more than 5 ms, less than 10 %";
    EXPECT_EQ(judge(200'000, 180'000), PathReason::better);
    EXPECT_EQ(judge(20'000, 30'000), PathReason::kept_margin) << "the best one may be worse under a cap";
}

TEST(JudgeSwitch, ADeadPathIsLeftEvenWhileHeld) {
    FlapDamper wild{0};
    wild.change(kStart);
    EXPECT_EQ(judge_switch({}, kUnknownCost, kWorstCost, wild, kStart), PathReason::failed_over);
}

TEST(JudgeSwitch, WhileHeldOnlyAHopelessPathIsLeft) {
    FlapDamper wild{0};
    wild.change(kStart);
    EXPECT_EQ(judge_switch({}, 59'000, 20'000, wild, kStart), PathReason::kept_hold);
    EXPECT_EQ(judge_switch({}, 61'000, 20'000, wild, kStart), PathReason::better);
    EXPECT_EQ(judge_switch({}, 59'000, 20'000, wild, wild.held_until()), PathReason::better);
}

TEST(PathReason, EachHasItsOwnText) {
    EXPECT_NE(text_of(PathReason::kept_hold), text_of(PathReason::kept_margin));
    EXPECT_EQ(text_of(PathReason::unreachable), "no path");
}

}  // namespace
}  // namespace izar
