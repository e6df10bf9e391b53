#include "perf/forward/pacer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace izar {
namespace {

constexpr Instant kStart{Nanos{5'000}};

TEST(Pacer, OwesWhatTheRateSays) {
    Pacer pacer(kStart, 1e6);
    EXPECT_EQ(pacer.owed(kStart), 1U);
    EXPECT_EQ(pacer.owed(kStart + Nanos{9'500}), 10U);
    pacer.take(4);
    EXPECT_EQ(pacer.owed(kStart + Nanos{9'500}), 6U);
    EXPECT_EQ(pacer.due(0), kStart + Nanos{4'000});
    EXPECT_EQ(pacer.due(2), kStart + Nanos{6'000});
}

TEST(Pacer, LatePacketsKeepTheirDueTimes) {
    Pacer pacer(kStart, 1e6);
    EXPECT_EQ(pacer.owed(kStart + std::chrono::seconds{1}), 1'000'001U);
    EXPECT_EQ(pacer.due(0), kStart);
    EXPECT_EQ(pacer.skipped(), 0U);
}

TEST(Pacer, GivesUpTheOldestOfTooMany) {
    Pacer pacer(kStart, 1e6, 100);
    EXPECT_EQ(pacer.owed(kStart + Nanos{500'000}), 100U);
    EXPECT_EQ(pacer.skipped(), 401U);
    EXPECT_EQ(pacer.due(0), kStart + Nanos{401'000});
}

// Whatever the generator does in between, all packets of the load are taken or skipped, each once.
RC_GTEST_PROP(Pacer, EveryPacketIsTakenOrSkipped, ()) {
    const auto most_owed = *rc::gen::inRange<std::uint64_t>(1, 1'000);
    Pacer pacer(kStart, 1e6, most_owed);
    Instant now = kStart;
    std::uint64_t taken = 0;
    for (const int step_us : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2'000))) {
        now += std::chrono::microseconds{step_us};
        const std::uint64_t owed = pacer.owed(now);
        RC_ASSERT(owed <= most_owed);
        const auto part = *rc::gen::inRange<std::uint64_t>(0, owed + 1);
        pacer.take(part);
        taken += part;
    }
    const std::uint64_t owed = pacer.owed(now);
    RC_ASSERT(taken + pacer.skipped() + owed == static_cast<std::uint64_t>((now - kStart).count()) / 1'000 + 1);
}

}  // namespace
}  // namespace izar
