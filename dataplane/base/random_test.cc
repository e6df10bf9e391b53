#include "dataplane/base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace izar {
namespace {

// The first values of SplitMix64's published implementation for this seed.
TEST(Random, IsSplitMix64) {
    Random random{1234567};
    EXPECT_EQ(random.next(), 6457827717110365317U);
    EXPECT_EQ(random.next(), 3203168211198807973U);
    EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, BelowIsInRangeAndEven) {
    Random random{1};
    std::array<int, 7> counts{};
    for (int i = 0; i < 70'000; ++i) {
        const std::uint32_t value = random.below(7);
        ASSERT_LT(value, 7U);
        ++counts[value];
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, 10'000, 400);
    }
    EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace izar
