#include "sched/relay_gate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kRound = 5s;

// A gate that is told a use each round.
struct Told {
    RelayGate gate;
    Instant now{1h};
    GateEnds ends{NodeId{7}, NodeId{9}};

    // How long it takes until the gate is as wanted; nullopt: it did not in that time.
    std::optional<Nanos> until(bool open, std::optional<double> used, Nanos most) {
        for (const Instant start = now; now - start <= most; now += kRound) {
            if (gate.take(used, ends, now) == open) {
                return now - start;
            }
        }
        return std::nullopt;
    }
    void stay(std::optional<double> used, Nanos span) {
        for (const Instant end = now + span; now < end; now += kRound) {
            gate.take(used, ends, now);
        }
    }
};

TEST(RelayGate, WhoIsToldFirstThatARelayIsFullNeverBegins) {
    Told told;
    EXPECT_EQ(told.until(false, 1.01, 0s), 0s);
}

TEST(RelayGate, WhoHasUsedARelayForLongLeavesAfterAMinuteAboveItsCaps) {
    Told told;
    told.stay(1.0, 10min);
    EXPECT_TRUE(told.gate.is_open()) << "at its cap is not above";
    told.stay(1.1, 50s);
    told.stay(0.99, 5s);
    EXPECT_EQ(told.until(false, 1.1, 5min), RelayGate::kPatience) << "counted from when it was below last";
}

TEST(RelayGate, ComesBackAfterItsWaitBelowTheLowerBoundWithoutABreak) {
    Told told;
    told.until(false, 2.0, 0s);
    told.stay(0.71, 2h);
    EXPECT_FALSE(told.gate.is_open()) << "a little below its caps is not enough";
    told.stay(0.5, RelayGate::kShortestWait - 1min);
    told.stay(0.75, kRound);
    // Since it was told 0.75, in whole rounds.
    const Nanos expected = told.gate.wait() - kRound;
    const auto waited = told.until(true, 0.5, 1h);
    ASSERT_TRUE(waited);
    EXPECT_GE(*waited, expected);
    EXPECT_LT(*waited, expected + kRound);
}

TEST(RelayGate, ReturnsOfManyAreSpreadOverAsLongAsTheWait) {
    Nanos first = 1h;
    Nanos last{};
    for (std::uint16_t ingress = 1; ingress <= 100; ++ingress) {
        Told told{.ends = {NodeId{ingress}, NodeId{500}}};
        told.until(false, 2.0, 0s);
        const Nanos waited = told.until(true, 0.0, 1h).value();
        first = std::min(first, waited);
        last = std::max(last, waited);
    }
    EXPECT_GE(first, RelayGate::kShortestWait);
    EXPECT_LT(first, RelayGate::kShortestWait + 30s);
    EXPECT_GT(last, 2 * RelayGate::kShortestWait - 30s);
    EXPECT_LE(last, 2 * RelayGate::kShortestWait + kRound);
}

TEST(RelayGate, EachReturnThatWasTooMuchDoublesTheWaitUpToALongestOne) {
    Told told;
    told.until(false, 2.0, 0s);
    const auto expect_wait = [&](Nanos wait) {
        const auto waited = told.until(true, 0.0, 3h);
        ASSERT_TRUE(waited);
        EXPECT_GE(*waited, wait);
        EXPECT_LE(*waited, 2 * wait + kRound);
    };
    for (const Nanos wait : std::initializer_list<Nanos>{5min, 10min, 20min, 40min, 80min, 80min}) {
        expect_wait(wait);
        EXPECT_EQ(told.until(false, 1.1, 1h), 0s) << "a newcomer leaves at once";
    }
    expect_wait(80min);
    told.stay(0.9, RelayGate::kForgiveness);
    told.until(false, 1.1, 5min);
    expect_wait(5min);  // forgiven
}

TEST(RelayGate, WhatIsNotKnownClosesNoGateAndKeepsNoneClosed) {
    Told told;
    told.stay(std::nullopt, 1h);
    EXPECT_TRUE(told.gate.is_open());
    EXPECT_EQ(told.until(false, 1.5, 0s), 0s) << "the first word counts";
    EXPECT_TRUE(told.until(true, std::nullopt, 1h));
}

// Whatever is told: a gate closes only above the caps, and opens only below the lower bound.
RC_GTEST_PROP(RelayGate, NeverClosesBelowItsCapsNorOpensNearThem, ()) {
    Told told{.ends = {NodeId{*rc::gen::inRange<std::uint16_t>(1, 1'000)}, NodeId{2'000}}};
    for (const int percent : *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 150))) {
        const bool before = told.gate.is_open();
        const bool after = told.gate.take(percent / 100.0, told.ends, told.now);
        RC_ASSERT(!before || after || percent > 100);
        RC_ASSERT(before || !after || percent < 70);
        told.now += *rc::gen::element<Nanos>(1s, 5s, 10min);
    }
}

TEST(TurnOf, SpreadsIngressesEvenlyAndAnewEachTime) {
    std::array<int, 10> tenths{};
    int together = 0;
    for (std::uint16_t ingress = 1; ingress <= 1'000; ++ingress) {
        const GateEnds ends{NodeId{ingress}, NodeId{2'000}};
        const double turn = turn_of(ends, 1);
        ASSERT_GE(turn, 0);
        ASSERT_LT(turn, 1);
        ++tenths[static_cast<std::size_t>(turn * 10)];
        together += std::fabs(turn - turn_of(ends, 2)) < 0.05 ? 1 : 0;
    }
    for (const int count : tenths) {
        EXPECT_NEAR(count, 100, 40);
    }
    EXPECT_NEAR(together, 97, 40) << "as two draws are";
    EXPECT_NE(turn_of({NodeId{1}, NodeId{2}}, 1), turn_of({NodeId{2}, NodeId{1}}, 1));
}

}  // namespace
}  // namespace izar
