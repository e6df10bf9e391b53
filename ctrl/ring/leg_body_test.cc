#include "ctrl/ring/leg_body.h"

#include <gtest/gtest.h>

#include <functional>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1h};

MeasuredLeg leg(Leg which, MeasurementSource source) {
    return {which, {source, 40, 0, 20ms, 21'500us, 300us, kNow - 90ms}};
}

TEST(LegBody, ALegComesBackWithItsAge) {
    for (const Leg which : {Leg::client, Leg::origin}) {
        for (const auto source : {MeasurementSource::tcp_handshake, MeasurementSource::tcp_timestamp}) {
            const auto read = read_leg_body(leg_body(leg(which, source), kNow), kNow + 5s);
            ASSERT_TRUE(read);
            EXPECT_EQ(read->leg, which);
            EXPECT_EQ(read->measured.source, source);
            EXPECT_EQ(read->measured.samples, 40U);
            EXPECT_EQ(read->measured.least, 20ms);
            EXPECT_EQ(read->measured.mean, 21'500us);
            EXPECT_EQ(read->measured.variation, 300us);
            EXPECT_EQ(read->measured.age(kNow + 5s), 90ms) << "by the reader's clock";
        }
    }
}

TEST(LegBody, WhatIsOutOfRangeIsNoLeg) {
    const std::function<void(ring::OwnLeg&)> mistakes[] = {
        [](auto& body) { body.leg = 2; },
        [](auto& body) { body.source = 2; },
        [](auto& body) { body.samples = 0; },
        [](auto& body) { body.least_us = body.mean_us + 1; },
    };
    for (const auto& mistake : mistakes) {
        ring::OwnLeg body = leg_body(leg(Leg::origin, MeasurementSource::tcp_handshake), kNow);
        mistake(body);
        EXPECT_FALSE(read_leg_body(body, kNow)) << &mistake - mistakes;
    }
}

}  // namespace
}  // namespace izar
