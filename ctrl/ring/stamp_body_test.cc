#include "ctrl/ring/stamp_body.h"

#include <gtest/gtest.h>

#include <functional>

namespace izar {
namespace {

using namespace std::chrono_literals;

StampSession session(const char* peer) {
    return {*IpAddress::parse(peer), 862, 250ms, 40, 7};
}

TEST(StampBody, ASessionComesBackAsItWas) {
    for (const char* peer : {"10.77.0.9", "fd77::9"}) {
        const auto read = read_stamp_task(stamp_task_body(session(peer)));
        ASSERT_TRUE(read) << peer;
        EXPECT_EQ(read->peer.text(), peer);
        EXPECT_EQ(read->port, 862);
        EXPECT_EQ(read->interval, 250ms);
        EXPECT_EQ(read->count, 40U);
        EXPECT_EQ(read->task, 7U);
    }
}

TEST(StampBody, WhatIsOutOfRangeIsNoSession) {
    const std::function<void(ring::StampTask&)> mistakes[] = {
        [](auto& body) { body.task = 0; },          [](auto& body) { body.family = 5; },
        [](auto& body) { body.port = 0; },          [](auto& body) { body.count = 0; },
        [](auto& body) { body.count = 1'001; },     [](auto& body) { body.interval_us = 9'999; },
        [](auto& body) { body.interval_us = ~0U; }, [](auto& body) { std::fill_n(body.address, 16, std::uint8_t{0}); },
    };
    for (const auto& mistake : mistakes) {
        ring::StampTask body = stamp_task_body(session("10.77.0.9"));
        mistake(body);
        EXPECT_FALSE(read_stamp_task(body)) << &mistake - mistakes;
    }
}

TEST(StampBody, AReportComesBackWithItsAge) {
    const Instant now{1h};
    StampReport report;
    report.session = session("10.77.0.9");
    report.sent = 40;
    report.over = true;
    report.measurement = {MeasurementSource::stamp, 38, 2, 20ms, 21ms, 300us, now - 90ms};
    const StampReport read = read_stamp_result(stamp_result_body(report, now), now + 5s);
    EXPECT_EQ(read.session.task, 7U);
    EXPECT_EQ(read.sent, 40U);
    EXPECT_TRUE(read.over);
    EXPECT_EQ(read.measurement.samples, 38U);
    EXPECT_EQ(read.measurement.lost, 2U);
    EXPECT_EQ(read.measurement.least, 20ms);
    EXPECT_EQ(read.measurement.mean, 21ms);
    EXPECT_EQ(read.measurement.variation, 300us);
    EXPECT_EQ(read.measurement.age(now + 5s), 90ms) << "by the reader's clock";
}

}  // namespace
}  // namespace izar
