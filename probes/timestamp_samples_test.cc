#include "probes/timestamp_samples.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFlow = 0x7F00'1234'5640;

class Samples : public testing::Test {
  protected:
    TimestampSamples samples;
    Instant now{1h};

    std::optional<Nanos> end(std::uint32_t echo, bool over = true) {
        const auto end = samples.end(kFlow, Leg::client, echo, now);
        EXPECT_EQ(end.over, over);
        return end.rtt;
    }
};

TEST_F(Samples, TheFirstEchoOfTheValueEndsTheRoundTrip) {
    ASSERT_TRUE(samples.due(now));
    ASSERT_TRUE(samples.begin(kFlow, Leg::client, 1000, now));
    EXPECT_FALSE(samples.due(now + 999us));
    EXPECT_TRUE(samples.due(now + 1ms));
    now += 10ms;
    EXPECT_FALSE(end(999, false)) << "sent before it came";
    now += 10ms;
    EXPECT_EQ(end(1000), 20ms);
    EXPECT_FALSE(end(1000)) << "once";
}

TEST_F(Samples, WhatCannotBeginOneIsLookedAtSeldom) {
    samples.pass(now);
    EXPECT_FALSE(samples.due(now + TimestampSamples::kNextTry - 1ns));
    EXPECT_TRUE(samples.due(now + TimestampSamples::kNextTry));
}

TEST_F(Samples, ALaterEchoIsNoSample) {
    samples.begin(kFlow, Leg::client, 0xFFFFFFFF, now);
    EXPECT_FALSE(end(0xFFFFFFFE, false));
    EXPECT_FALSE(end(3)) << "the clock went round";
}

TEST_F(Samples, LegsAndConnectionsAreApart) {
    samples.begin(kFlow, Leg::origin, 7, now);
    EXPECT_FALSE(end(7));
    EXPECT_TRUE(samples.end(kFlow, Leg::origin, 7, now + 3ms).rtt);
}

TEST_F(Samples, WhatTakesTooLongIsGivenUp) {
    samples.begin(kFlow, Leg::client, 1000, now);
    now += TimestampSamples::kLongest;
    EXPECT_FALSE(end(1000));
}

TEST_F(Samples, ASlotThatIsTakenIsFreeAgainInTime) {
    std::uint64_t other = kFlow;
    do {
        other += 64;
        ASSERT_TRUE(samples.begin(kFlow, Leg::client, 1, now));
    } while (samples.begin(other, Leg::client, 1, now));
    EXPECT_TRUE(samples.begin(other, Leg::client, 1, now + TimestampSamples::kLongest));
    EXPECT_FALSE(end(1)) << "it has lost its slot";
}

}  // namespace
}  // namespace izar
