#include "probes/leg_rtts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1h};
constexpr ServiceId kWeb{100};

TEST(LegRtts, NothingMeasuredIsNoSample) {
    const LegRtts rtts;
    EXPECT_EQ(rtts.read(kWeb, Leg::client).samples, 0u);
    LegSum sum;
    sum.add(rtts.read(kWeb, Leg::client));
    EXPECT_FALSE(sum.total());
}

TEST(LegRtts, LegsAndServicesAreApart) {
    LegRtts rtts;
    rtts.add(kWeb, Leg::client, 20ms, kNow);
    rtts.add(kWeb, Leg::origin, 1ms, kNow);
    EXPECT_EQ(rtts.read(kWeb, Leg::client).mean, 20ms);
    EXPECT_EQ(rtts.read(kWeb, Leg::origin).mean, 1ms);
    EXPECT_EQ(rtts.read(ServiceId{101}, Leg::client).samples, 0u);
    const ServiceId same_cell{raw(kWeb) + static_cast<std::uint32_t>(kMaxServices)};
    EXPECT_EQ(rtts.read(same_cell, Leg::client).samples, 0u);
    rtts.add(same_cell, Leg::client, 5ms, kNow);
    EXPECT_EQ(rtts.read(same_cell, Leg::client).samples, 1u);
    EXPECT_EQ(rtts.read(kWeb, Leg::client).samples, 0u);
}

TEST(LegRtts, AllServicesTogetherAreASeriesOfTheirOwn) {
    LegRtts rtts;
    EXPECT_EQ(rtts.read_all(Leg::client).samples, 0u);
    rtts.add(kWeb, Leg::client, 20ms, kNow);
    rtts.add(ServiceId{101}, Leg::client, 40ms, kNow + 1s);
    rtts.add(kWeb, Leg::origin, 1ms, kNow + 2s);
    const Measurement all = rtts.read_all(Leg::client);
    EXPECT_EQ(all.samples, 2u);
    EXPECT_EQ(all.least, 20ms);
    EXPECT_EQ(all.mean, 30ms);
    EXPECT_EQ(all.newest, kNow + 1s);
    EXPECT_EQ(rtts.read_all(Leg::origin).mean, 1ms);
    EXPECT_EQ(rtts.read(kWeb, Leg::client).mean, 20ms);
}

TEST(LegRtts, AWindowEndsAfterAMinute) {
    LegRtts rtts;
    rtts.add(kWeb, Leg::client, 20ms, kNow);
    rtts.add(kWeb, Leg::client, 30ms, kNow + 59s);
    EXPECT_EQ(rtts.read(kWeb, Leg::client).samples, 2u);
    rtts.add(kWeb, Leg::client, 40ms, kNow + 60s);
    const Measurement next = rtts.read(kWeb, Leg::client);
    EXPECT_EQ(next.samples, 1u);
    EXPECT_EQ(next.least, 40ms);
    EXPECT_EQ(next.age(kNow + 61s), 1s);
}

// One lcore's cell says what MeasurementWindow says of the same samples; two lcores' parts are summed.
RC_GTEST_PROP(LegRtts, AgreeWithAMeasurementWindow, ()) {
    LegRtts rtts;
    MeasurementWindow window(MeasurementSource::tcp_handshake);
    const auto samples = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000'000)));
    for (const int us : samples) {
        rtts.add(kWeb, Leg::origin, std::chrono::microseconds{us}, kNow);
        window.add(std::chrono::microseconds{us}, kNow);
    }
    const Measurement one = rtts.read(kWeb, Leg::origin);
    const Measurement oracle = window.peek();
    RC_ASSERT(one.samples == oracle.samples && one.least == oracle.least && one.mean == oracle.mean);
    RC_ASSERT(one.variation == oracle.variation && one.newest == oracle.newest);
    LegSum sum;
    sum.add(one);
    sum.add(one);
    RC_ASSERT(sum.total()->samples == 2 * oracle.samples && sum.total()->mean == oracle.mean);
}

}  // namespace
}  // namespace izar
