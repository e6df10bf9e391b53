#include "dataplane/lcore/tsc_clock.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

constexpr std::uint64_t kHertz = 2'700'000'000;

TEST(TscClock, CountsNanosecondsOfTheCounter) {
    const TscClock clock{kHertz};
    const std::uint64_t start = __rdtsc();
    for (const std::uint64_t seconds : {1, 60, 86'400, 31'536'000}) {
        const Nanos passed = clock.at(start + seconds * kHertz) - clock.at(start);
        const double wanted = static_cast<double>(seconds) * 1e9;
        EXPECT_NEAR(static_cast<double>(passed.count()), wanted, wanted * 1e-8) << seconds;
    }
}

TEST(TscClock, BeginsAfterZeroAndNeverGoesBack) {
    const TscClock clock{kHertz};
    Instant last = clock.now();
    EXPECT_GE(last.time_since_epoch(), Nanos{std::chrono::seconds{1}});
    for (int i = 0; i < 1000; ++i) {
        const Instant now = clock.now();
        EXPECT_GE(now, last);
        last = now;
    }
}

}  // namespace
}  // namespace izar
