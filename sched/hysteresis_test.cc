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

TEST(FlapDamper, ThreeQuietMinutesForgiveAnyNumberOfChanges) {
    FlapDamper damper;
    for (int i = 0; i < 10'000; ++i) {
        damper.change(kStart + i * 10ms);
    }
    const Instant last = kStart + 9'999 * 10ms;
    EXPECT_EQ(damper.held_until(), last + FlapDamper::kLongestHold);
    damper.change(last + 181s);
    EXPECT_EQ(damper.changes(), 2u) << "one is free, this is the first that counts";
    EXPECT_EQ(damper.held_until(), last + 181s + FlapDamper::kFirstHold);
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

TEST(JudgeSwitch, AFarBetterPathWaitsForTheShortHoldOnly) {
    FlapDamper wild{0};
    for (int i = 0; i < 20; ++i) {
        wild.change(kStart);
    }
    const auto judge = [&](Cost current, Cost best, Nanos after) {
        return judge_switch({}, current, best, wild, kStart + after);
    };
    EXPECT_EQ(judge(60'000, 40'000, kShortHold - 1ms), PathReason::kept_hold);
    EXPECT_EQ(judge(60'000, 40'000, kShortHold), PathReason::better);
    EXPECT_EQ(judge(59'000, 40'000, kShortHold), PathReason::kept_hold) << "less than half as much again";
    EXPECT_EQ(judge(38'000, 19'000, kShortHold), PathReason::kept_hold) << "less than four margins of 5 ms";
    EXPECT_EQ(judge(38'000, 19'000, FlapDamper::kLongestHold), PathReason::better);
}

// Two paths of which the other one is far better every 100 ms, for ten minutes.
TEST(JudgeSwitch, FarDifferentPathsThatAlternateAreSwitchedOnceAShortHold) {
    FlapDamper damper;
    int switches = 0;
    bool on_first = true;
    constexpr Nanos kSpan = 10min;
    for (Nanos at{0}; at < kSpan; at += 10ms) {
        const bool first_is_good = at / 100ms % 2 == 0;
        const Cost current = on_first == first_is_good ? 10'000 : 100'000;
        if (judge_switch({}, current, 110'000 - current, damper, kStart + at) == PathReason::better) {
            on_first = !on_first;
            damper.change(kStart + at);
            ++switches;
        }
    }
    EXPECT_LE(switches, 1 + kSpan / kShortHold);
    EXPECT_GE(switches, 100) << "the test does make it flap";
}

TEST(PathReason, EachHasItsOwnText) {
    EXPECT_NE(text_of(PathReason::kept_hold), text_of(PathReason::kept_margin));
    EXPECT_EQ(text_of(PathReason::unreachable), "no path");
}

}  // namespace
}  // namespace izar
