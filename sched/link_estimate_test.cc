#include "sched/link_estimate.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

class LinkEstimateTest : public testing::Test {
  protected:
    void rtt(Nanos mean, Nanos least) {
        LinkReport report = make(LinkReportKind::rtt);
        report.rtt = {.least = least, .mean = mean, .count = 2};
        link.take(report);
    }
    void rtt(Nanos mean) { rtt(mean, mean); }
    void loss(std::uint64_t expected, std::uint64_t received, std::uint64_t reordered = 0) {
        LinkReport report = make(LinkReportKind::loss);
        report.loss = {expected, received, reordered};
        link.take(report);
    }
    void heard(bool yes) { link.take(make(yes ? LinkReportKind::up : LinkReportKind::down)); }

    LinkReport make(LinkReportKind kind) const {
        LinkReport report;
        report.kind = kind;
        report.at = now;
        return report;
    }

    Instant now{std::chrono::hours{1}};
    LinkEstimate link;
};

TEST_F(LinkEstimateTest, IsUnknownUntilItIsMeasured) {
    EXPECT_EQ(link.state(now), LinkState::unknown);
    heard(true);
    EXPECT_EQ(link.state(now), LinkState::unknown);
    rtt(20ms);
    EXPECT_EQ(link.state(now), LinkState::up);
    EXPECT_EQ(link.smoothed(), 20ms);
    EXPECT_EQ(link.variation(), 10ms);  // RFC 6298 (2.2)
    EXPECT_EQ(link.samples(), 2u);
}

TEST_F(LinkEstimateTest, IsUnknownAgainWhenMeasurementsStop) {
    rtt(20ms);
    EXPECT_EQ(link.state(now + LinkEstimate::kLifetime), LinkState::up);
    EXPECT_EQ(link.state(now + LinkEstimate::kLifetime + 1ns), LinkState::unknown);
}

TEST_F(LinkEstimateTest, SmoothsWithGainOneEighth) {
    rtt(80ms);
    now += 10ms;
    rtt(160ms);
    EXPECT_EQ(link.smoothed(), 90ms);
    EXPECT_EQ(link.variation(), 50ms);  // 40 + (80 - 40) / 4
}

TEST_F(LinkEstimateTest, FollowsADoubledRttWithinASecondAtAnyRate) {
    for (const Nanos interval : {10ms, 100ms, 900ms}) {
        link = LinkEstimate{};
        rtt(40ms);
        for (const Instant end = now + 1s; now + interval <= end;) {
            now += interval;
            rtt(80ms);
        }
        EXPECT_GT(link.smoothed(), 72ms) << interval.count();
    }
}

TEST_F(LinkEstimateTest, TheMinimumForgetsAfterTwoWindows) {
    rtt(20ms, 15ms);
    for (int i = 0; i < 9; ++i) {
        now += 1s;
        rtt(40ms, 35ms);
    }
    EXPECT_EQ(link.minimum(), 15ms);
    for (int i = 0; i < 12; ++i) {
        now += 1s;
        rtt(40ms, 35ms);
    }
    EXPECT_EQ(link.minimum(), 35ms);
    now += 1h;
    rtt(90ms, 80ms);
    EXPECT_EQ(link.minimum(), 80ms);
}

TEST_F(LinkEstimateTest, LossIsForgottenWhenTheLinkFalls) {
    heard(true);
    for (int i = 0; i < 5; ++i) {
        now += 100ms;
        loss(100, 97);
    }
    EXPECT_NEAR(link.loss(), 0.03, 0.001);
    heard(false);
    heard(true);
    EXPECT_EQ(link.loss(), 0);
    EXPECT_EQ(link.lost(), 15u);
}

TEST_F(LinkEstimateTest, CountsReordering) {
    loss(100, 100, 3);
    loss(100, 100, 4);
    EXPECT_EQ(link.reordered(), 7u);
}

TEST_F(LinkEstimateTest, DownIsDownUntilItIsHeardAndMeasuredAgain) {
    rtt(20ms);
    const Instant before = now;
    now += 1s;
    heard(false);
    EXPECT_EQ(link.state(now), LinkState::down);
    EXPECT_EQ(link.times_down(), 1u);
    LinkReport late = make(LinkReportKind::rtt);
    late.at = before + 999ms;
    late.rtt = {.least = 20ms, .mean = 20ms, .count = 1};
    link.take(late);
    EXPECT_EQ(link.state(now), LinkState::down);
    now += 1s;
    heard(true);
    EXPECT_EQ(link.state(now), LinkState::unknown);
    rtt(30ms);
    EXPECT_EQ(link.state(now), LinkState::up);
    EXPECT_EQ(link.smoothed(), 30ms) << "the RTT from before the cut counts no more";
    EXPECT_TRUE(link.held(now));
    EXPECT_FALSE(link.held(now + FlapDamper::kFirstHold));
}

TEST_F(LinkEstimateTest, TheMoreItFlapsTheLongerItIsHeld) {
    heard(true);
    for (int i = 0; i < 4; ++i) {
        heard(false);
        now += 10ms;
        heard(true);
    }
    EXPECT_EQ(link.held_until() - now, 8s);
    EXPECT_TRUE(link.on_probation(now + LinkEstimate::kProbation - 1ms));
    EXPECT_FALSE(link.on_probation(now + LinkEstimate::kProbation));
    EXPECT_TRUE(link.held(now + LinkEstimate::kProbation));
}

TEST_F(LinkEstimateTest, TwoRingsMayTellTheSameOrLateNews) {
    heard(true);
    now += 1s;
    heard(false);
    heard(false);
    EXPECT_EQ(link.times_down(), 1u);
    LinkReport late = make(LinkReportKind::up);
    late.at = now - 500ms;
    link.take(late);
    EXPECT_EQ(link.state(now), LinkState::down);
}

TEST_F(LinkEstimateTest, UsedBandwidthIsThatOfTheLastWindow) {
    const auto sent = [&](std::uint64_t bytes, Nanos span) {
        LinkReport report = make(LinkReportKind::traffic);
        report.traffic = {bytes, span, BitRate{1'000'000'000}};
        link.take(report);
    };
    EXPECT_EQ(link.bandwidth().count, 0u);
    sent(1'250'000, 1s);
    EXPECT_EQ(link.bandwidth().used, BitRate{10'000'000});
    EXPECT_EQ(link.bandwidth().capacity, BitRate{1'000'000'000});
    EXPECT_EQ(link.traffic_at(), now);
    sent(250'000, 2s);
    EXPECT_EQ(link.bandwidth().used, BitRate{1'000'000});
    EXPECT_EQ(link.bandwidth().count, 2u);
    sent(9, 0s);
    EXPECT_EQ(link.bandwidth().count, 2u) << "no window is without time";
    EXPECT_EQ(link.state(now), LinkState::unknown) << "what goes out says nothing of what arrives";
}

}  // namespace
}  // namespace izar
