#include "perf/forward/cycle_histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace izar {
namespace {

// The oracle: the values themselves, sorted.
std::uint64_t exact_quantile(std::vector<std::uint64_t> values, double fraction) {
    std::sort(values.begin(), values.end());
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
}

RC_GTEST_PROP(CycleHistogram, QuantilesAreWithinABucketOfTheExactOnes, ()) {
    // Lengths of every order of magnitude.
    const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(
        rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 63), rc::gen::arbitrary<std::uint64_t>()),
                     [](const auto& both) { return both.second >> both.first; })));
    CycleHistogram histogram;
    for (const std::uint64_t value : values) {
        histogram.add(value);
    }
    RC_ASSERT(histogram.total() == values.size());
    std::uint64_t visited = 0;
    histogram.visit([&](std::uint64_t, std::uint64_t entries) { visited += entries; });
    RC_ASSERT(visited == values.size());
    RC_ASSERT(histogram.most() == *std::max_element(values.begin(), values.end()));
    for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto exact = static_cast<double>(exact_quantile(values, fraction));
        const auto shown = static_cast<double>(histogram.quantile(fraction));
        RC_ASSERT(shown >= exact);
        RC_ASSERT(shown <= exact * (1 + 1.0 / 128));
    }
}

TEST(CycleHistogram, EmptyHasNoLength) {
    EXPECT_EQ(CycleHistogram{}.quantile(0.5), 0U);
}

}  // namespace
}  // namespace izar
