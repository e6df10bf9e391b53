#include "dataplane/links/duplicates.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "dataplane/base/random.h"

namespace izar {
namespace {

constexpr NodeSlot kOrigin{3};

TEST(Duplicates, NumbersGoOnFromTheFirst) {
    Duplicates duplicates(UINT64_MAX);
    EXPECT_EQ(duplicates.next(), UINT64_MAX);
    EXPECT_EQ(duplicates.next(), 0u);
}

TEST(Duplicates, TheSecondCopyIsNotTheFirst) {
    Duplicates duplicates(0);
    EXPECT_TRUE(duplicates.is_first(kOrigin, 7));
    EXPECT_FALSE(duplicates.is_first(kOrigin, 7));
    EXPECT_TRUE(duplicates.is_first(NodeSlot{4}, 7)) << "another node's";
    EXPECT_TRUE(duplicates.is_first(kOrigin, 8));
}

// Two copies of every packet, the second up to a window later, in any order: each number is new exactly once.
RC_GTEST_PROP(Duplicates, EachNumberIsNewExactlyOnce, (std::uint64_t first, std::uint64_t seed)) {
    constexpr std::uint64_t kPackets = 50'000;
    constexpr std::uint64_t kSkew = Duplicates::kWindow - 64;
    Duplicates duplicates(first);
    Random random{seed};
    std::vector<std::pair<std::uint64_t, std::uint64_t>> arrivals;  // when, number
    for (std::uint64_t i = 0; i < kPackets; ++i) {
        const std::uint64_t number = duplicates.next();
        arrivals.emplace_back(i, number);
        arrivals.emplace_back(i + random.next() % kSkew, number);
    }
    std::ranges::sort(arrivals, {}, [](const auto& arrival) { return arrival.first; });
    std::set<std::uint64_t> taken;
    for (const auto& [when, number] : arrivals) {
        const bool is_new = taken.insert(number).second;
        RC_ASSERT(duplicates.is_first(kOrigin, number) == is_new);
    }
}

TEST(Duplicates, WhatIsTooOldToBeKnownPasses) {
    Duplicates duplicates(0);
    EXPECT_TRUE(duplicates.is_first(kOrigin, 1'000'000));
    EXPECT_TRUE(duplicates.is_first(kOrigin, 1'000'000 - Duplicates::kWindow));
    EXPECT_TRUE(duplicates.is_first(kOrigin, 1'000'000 - Duplicates::kWindow));
    EXPECT_FALSE(duplicates.is_first(kOrigin, 1'000'000)) << "and takes nobody's place";
}

TEST(Duplicates, AnotherLifeOfTheNodeBeginsAnew) {
    Duplicates duplicates(0);
    const std::uint64_t former = 0x0123'4567'89AB;
    for (std::uint64_t i = 0; i < Duplicates::kWindow; ++i) {
        ASSERT_TRUE(duplicates.is_first(kOrigin, former + i));
    }
    for (std::uint64_t i = 0; i < Duplicates::kWindow; ++i) {
        ASSERT_TRUE(duplicates.is_first(kOrigin, 12'345 + i)) << i;
        ASSERT_FALSE(duplicates.is_first(kOrigin, 12'345 + i)) << i;
    }
}

TEST(Duplicates, TwoLcoresWithOneCopyEach) {
    Duplicates duplicates(0);
    constexpr std::uint64_t kPackets = 200'000;
    std::atomic<std::uint64_t> taken{0};
    const auto lcore = [&] {
        std::uint64_t mine = 0;
        for (std::uint64_t number = 0; number < kPackets; ++number) {
            mine += duplicates.is_first(kOrigin, number) ? 1 : 0;
        }
        taken += mine;
    };
    std::thread other(lcore);
    lcore();
    other.join();
    EXPECT_GE(taken, kPackets);
    // One lcore may fall so far behind that numbers are forgotten; what is new is never refused.
    EXPECT_LE(taken, 2 * kPackets);
}

}  // namespace
}  // namespace izar
