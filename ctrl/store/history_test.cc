#include "ctrl/store/history.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace izar {
namespace {

constexpr std::chrono::seconds kMinute{60};

// A point a minute, each of one sample.
std::vector<HistoryPoint> points_of(const std::vector<double>& values) {
    std::vector<HistoryPoint> out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        out.push_back({.start = WallTime{kMinute * i},
                       .width = kMinute,
                       .count = 1,
                       .mean = values[i],
                       .least = values[i],
                       .greatest = values[i]});
    }
    return out;
}

TEST(History, MetricNamesReadBack) {
    for (const auto metric :
         {HistoryMetric::rtt_ms, HistoryMetric::loss_ratio, HistoryMetric::bandwidth_bps, HistoryMetric::cpu_percent}) {
        EXPECT_EQ(find_history_metric(history_metric_name(metric)), metric);
    }
    EXPECT_EQ(find_history_metric("latency"), std::nullopt);
}

TEST(History, TiersFoldIntoEachOther) {
    const HistoryTiers tiers = default_history_tiers();
    for (std::size_t i = 1; i < tiers.size(); ++i) {
        EXPECT_EQ(tiers[i].width % tiers[i - 1].width, std::chrono::seconds{0});
        EXPECT_GT(tiers[i].keep, tiers[i - 1].keep);
    }
}

TEST(Trend, OfALineIsThatLine) {
    std::vector<double> values;
    for (int i = 0; i < 120; ++i) {
        values.push_back(20 + 0.1 * i);  // 0.1 a minute
    }
    const auto trend = trend_of(points_of(values));
    ASSERT_TRUE(trend);
    EXPECT_NEAR(trend->per_hour, 6.0, 1e-9);
    EXPECT_NEAR(trend->fit, 1.0, 1e-9);
    EXPECT_NEAR(trend->mean, 20 + 0.1 * 119 / 2, 1e-9);
}

TEST(Trend, OfAConstantIsFlatAndExplainsNothing) {
    const auto trend = trend_of(points_of({7, 7, 7, 7}));
    ASSERT_TRUE(trend);
    EXPECT_EQ(trend->per_hour, 0);
    EXPECT_EQ(trend->fit, 0);
    EXPECT_EQ(trend->recent_ratio, 1);
}

TEST(Trend, AJumpAtTheEndShowsInTheRecentRatio) {
    std::vector<double> values(100, 10.0);
    std::fill(values.begin() + 90, values.end(), 30.0);
    EXPECT_NEAR(trend_of(points_of(values))->recent_ratio, 3.0, 1e-9);
}

TEST(Trend, NeedsThreePoints) {
    EXPECT_FALSE(trend_of(points_of({1, 2})));
    EXPECT_FALSE(trend_of({}));
}

TEST(Thinned, KeepsCountMeanAndExtremes) {
    EXPECT_TRUE(rc::check("whatever the number of points", [] {
        const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
            rc::gen::map(rc::gen::inRange(0, 1'000'000), [](int v) { return v / 1000.0; })));
        const auto most = *rc::gen::inRange<std::uint32_t>(1, 50);
        const auto few = thinned(points_of(values), most);
        RC_ASSERT(few.size() <= most);
        std::uint64_t count = 0;
        double sum = 0;
        double least = few.front().least;
        double greatest = few.front().greatest;
        for (std::size_t i = 0; i < few.size(); ++i) {
            count += few[i].count;
            sum += few[i].mean * static_cast<double>(few[i].count);
            least = std::min(least, few[i].least);
            greatest = std::max(greatest, few[i].greatest);
            if (i != 0) {  // RC_ASSERT looks at both sides of an "or"
                RC_ASSERT(few[i].start == few[i - 1].start + few[i - 1].width);
            }
        }
        RC_ASSERT(count == values.size());
        RC_ASSERT(std::abs(sum - std::accumulate(values.begin(), values.end(), 0.0)) < 1e-6);
        RC_ASSERT(least == *std::min_element(values.begin(), values.end()));
        RC_ASSERT(greatest == *std::max_element(values.begin(), values.end()));
    }));
}

}  // namespace
}  // namespace izar
