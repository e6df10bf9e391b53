#include "probes/traffic_window.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
constexpr BitRate kCapacity{1'000'000'000};

TEST(TrafficWindow, TellsWhatWentOutInEachWindowAndItsLength) {
    TrafficWindow window;
    EXPECT_TRUE(window.is_due(kStart));
    EXPECT_FALSE(window.close(5'000, kCapacity, kStart)) << "what was sent before is of no window";
    EXPECT_FALSE(window.is_due(kStart + 999ms));
    ASSERT_TRUE(window.is_due(kStart + 1002ms));
    const auto first = window.close(8'000, kCapacity, kStart + 1002ms);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->bytes, 3'000u);
    EXPECT_EQ(first->span, 1002ms);
    EXPECT_EQ(first->capacity, kCapacity);
    const auto idle = window.close(8'000, kNoRate, kStart + 3s);
    ASSERT_TRUE(idle) << "nothing sent is a measurement, too";
    EXPECT_EQ(idle->bytes, 0u);
    EXPECT_EQ(idle->span, 1998ms);
    EXPECT_EQ(idle->capacity, kNoRate);
}

TEST(TrafficWindow, ACountThatBeganAnewIsOfNoWindow) {
    TrafficWindow window;
    (void)window.close(9'000, kCapacity, kStart);
    EXPECT_FALSE(window.close(100, kCapacity, kStart + 1s));
    EXPECT_EQ(window.close(300, kCapacity, kStart + 2s)->bytes, 200u);
}

}  // namespace
}  // namespace izar
