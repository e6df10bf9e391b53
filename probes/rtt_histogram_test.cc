#include "probes/rtt_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace izar {
namespace {

TEST(RttHistogram, ABucketHoldsWhatItsBoundsSay) {
    for (std::int64_t ns = 1; ns < 8'000'000'000; ns += ns / 7 + 1) {
        const std::size_t bucket = RttHistogram::bucket_of(Nanos{ns});
        EXPECT_LT(ns, RttHistogram::upper_bound(bucket).count());
        if (bucket > 0) {
            EXPECT_GE(ns, RttHistogram::upper_bound(bucket - 1).count());
        }
    }
}

TEST(RttHistogram, QuantilesAreWithinAnEighthOfTheExactOnes) {
    std::mt19937_64 random{7};
    std::lognormal_distribution<double> milliseconds{3.0, 0.8};
    auto histogram = std::make_unique<RttHistogram>();
    std::vector<std::int64_t> exact;
    for (int i = 0; i < 20'000; ++i) {
        exact.push_back(static_cast<std::int64_t>(milliseconds(random) * 1e6));
        histogram->add(Nanos{exact.back()});
    }
    std::ranges::sort(exact);
    RttDistribution distribution;
    distribution.add(*histogram);
    ASSERT_EQ(distribution.total(), exact.size());
    for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
        const auto at = static_cast<std::size_t>(q * static_cast<double>(exact.size()) + 0.5) - 1;
        const auto got = static_cast<double>(distribution.quantile(q)->count());
        EXPECT_GE(got, static_cast<double>(exact[at])) << q;
        EXPECT_LE(got, static_cast<double>(exact[at]) * 1.1251) << q;
    }
}

TEST(RttHistogram, AnEmptyOneHasNoQuantile) {
    EXPECT_FALSE(RttDistribution{}.quantile(0.5).has_value());
}

}  // namespace
}  // namespace izar
