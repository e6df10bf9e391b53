#include "tools/replay/links_in_use.h"

#include <gtest/gtest.h>

#include "dataplane/base/limits.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

void set_both(RttMatrix& matrix, std::size_t a, std::size_t b, float ms) {
    matrix.set(a, b, ms);
    matrix.set(b, a, ms);
}

// a and d reach each other over b, and over c where that is dead; nobody ever takes their own link.
RttMatrix square() {
    enum { a, b, c, d, nodes };
    RttMatrix out(nodes);
    set_both(out, a, b, 1);
    set_both(out, b, d, 1);
    set_both(out, a, c, 1.5F);
    set_both(out, c, d, 1.5F);
    set_both(out, b, c, 1);
    set_both(out, a, d, 100);
    return out;
}

TEST(LinksInUse, ALinkWithTwoBetterWaysRoundItIsNone) {
    const auto counted = count_links_in_use(square());
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->measured, 6U);
    EXPECT_EQ(counted->of_own_paths, 5U);
    EXPECT_EQ(counted->of_any_paths, 5U);
}

TEST(LinksInUse, WithOneBetterWayItIsTheBackup) {
    RttMatrix matrix = square();
    set_both(matrix, 0, 3, 2.5F);
    EXPECT_EQ(count_links_in_use(matrix)->of_own_paths, 6U);
}

TEST(LinksInUse, WhatWasNotMeasuredIsNone) {
    RttMatrix matrix(4);
    set_both(matrix, 0, 1, 1);
    set_both(matrix, 2, 3, 1);
    set_both(matrix, 1, 2, 1);
    const auto chain = count_links_in_use(matrix);
    EXPECT_EQ(chain->measured, 3U);
    EXPECT_EQ(chain->of_any_paths, 3U);
}

TEST(LinksInUse, WhereAllAreAlikeAllAreInUse) {
    RttMatrix matrix(12);
    Random random{7};
    for (std::size_t a = 0; a < 12; ++a) {
        for (std::size_t b = a + 1; b < 12; ++b) {
            set_both(matrix, a, b, 10 + static_cast<float>(random.below(1'000)) / 1'000);
        }
    }
    EXPECT_EQ(count_links_in_use(matrix)->of_own_paths, 66U) << "no way round is shorter than a link";
}

TEST(LinksInUse, MoreNodesThanAFleetHasAreNotCounted) {
    EXPECT_FALSE(count_links_in_use(RttMatrix(kMaxNodes + 1)));
}

}  // namespace
}  // namespace izar
