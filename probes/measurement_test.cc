#include "probes/measurement.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <cmath>
#include <numeric>
#include <vector>

namespace izar {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds{100}};

TEST(Measurement, OfKnownSamples) {
    MeasurementWindow window(MeasurementSource::stamp);
    for (const int ms : {30, 10, 20}) {
        window.add(milliseconds{ms}, kStart + milliseconds{ms});
    }
    window.add_loss();
    const Measurement seen = window.take();
    EXPECT_EQ(seen.samples, 3u);
    EXPECT_EQ(seen.least, milliseconds{10});
    EXPECT_EQ(seen.mean, milliseconds{20});
    EXPECT_EQ(seen.variation, milliseconds{15}) << "20 and 10 ms between neighbours";
    EXPECT_DOUBLE_EQ(seen.loss_ratio(), 0.25);
    EXPECT_EQ(seen.age(kStart + milliseconds{50}), milliseconds{30});
    EXPECT_EQ(window.take().samples, 0u) << "the next window starts empty";
}

TEST(Measurement, AgreesWithTheDefinition) {
    EXPECT_TRUE(rc::check([] {
        const auto us = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000'000)));
        MeasurementWindow window(MeasurementSource::tcp_connect);
        double differences = 0;
        for (std::size_t i = 0; i < us.size(); ++i) {
            window.add(std::chrono::microseconds{us[i]}, kStart);
            differences += i == 0 ? 0 : std::abs(us[i] - us[i - 1]);
        }
        const Measurement seen = window.peek();
        const double count = static_cast<double>(us.size());
        const auto in_us = [](Nanos ns) { return static_cast<double>(ns.count()) / 1e3; };
        RC_ASSERT(in_us(seen.least) == *std::min_element(us.begin(), us.end()));
        RC_ASSERT(std::abs(in_us(seen.mean) - std::accumulate(us.begin(), us.end(), 0.0) / count) < 0.01);
        RC_ASSERT(std::abs(in_us(seen.variation) - (count < 2 ? 0 : differences / (count - 1))) < 0.01);
    }));
}

TEST(Measurement, EverySourceHasAName) {
    for (const auto source : {MeasurementSource::link, MeasurementSource::stamp, MeasurementSource::tcp_connect,
                              MeasurementSource::tcp_handshake}) {
        EXPECT_NE(name_of(source), "unknown");
    }
}

}  // namespace
}  // namespace izar
