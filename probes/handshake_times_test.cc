#include "probes/handshake_times.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kOne = 0x1234'5678'0000'0007;
constexpr std::uint64_t kSameWord = 0x8765'4321'0000'0007;
constexpr Instant kNow{2h};

TEST(HandshakeTimes, TellTheTimeBetweenTheHalves) {
    HandshakeTimes times;
    EXPECT_FALSE(times.end(kOne, kNow));
    times.begin(kOne, kNow);
    EXPECT_EQ(times.end(kOne, kNow + 42ms), 42ms);
    EXPECT_FALSE(times.end(kOne, kNow + 43ms)) << "the next ACK is none";
}

TEST(HandshakeTimes, AHalfThatWasSentAgainGivesNone) {
    HandshakeTimes times;
    times.begin(kOne, kNow);
    times.begin(kOne, kNow + 1s);
    EXPECT_FALSE(times.end(kOne, kNow + 1s + 20ms));
    times.begin(kOne, kNow + 2s);
    EXPECT_EQ(times.end(kOne, kNow + 2s + 20ms), 20ms) << "the connection after it does";
}

TEST(HandshakeTimes, OldAndOverwrittenOnesGiveNone) {
    HandshakeTimes times;
    times.begin(kOne, kNow);
    EXPECT_FALSE(times.end(kOne, kNow + HandshakeTimes::kLongest));
    times.begin(kOne, kNow);
    times.begin(kSameWord, kNow);
    EXPECT_FALSE(times.end(kOne, kNow + 20ms));
    EXPECT_EQ(times.end(kSameWord, kNow + 20ms), 20ms);
    times.begin(kOne, kNow);
    times.begin(kOne, kNow + 1h);
    EXPECT_EQ(times.end(kOne, kNow + 1h + 5ms), 5ms) << "the first one never had an answer";
}

TEST(HandshakeTimes, TheClockMayWrapBetweenTheHalves) {
    const Instant wrap{std::chrono::microseconds{std::uint64_t{1} << 32}};
    for (const Nanos before : {Nanos{0}, Nanos{1us}, Nanos{10ms}}) {
        HandshakeTimes times;
        times.begin(kOne, wrap - before);
        const auto waited = times.end(kOne, wrap + 20ms);
        ASSERT_TRUE(waited);
        EXPECT_NEAR(static_cast<double>((*waited - before).count()), 20e6, 1e3);
    }
}

}  // namespace
}  // namespace izar
