#include "probes/stamp.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <algorithm>
#include <cstring>
#include <vector>

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr StampInstant kReceived{seconds{1'700'000'000} + milliseconds{500}};
constexpr StampInstant kSent = kReceived + milliseconds{250};

// A probe as RFC 8762 figure 2 draws it: sequence 7, time, error estimate, session 0x0102, zeros.
Bytes probe(std::size_t length = sizeof(StampProbe)) {
    Bytes bytes = {0, 0, 0, 7, 0xE9, 0, 0, 1, 0x80, 0, 0, 0, 0x8C, 0x01, 1, 2};
    bytes.resize(std::max<std::size_t>(length, bytes.size()));
    bytes.resize(length);
    return bytes;
}

TEST(Stamp, AReplyLiesAsTheRfcDrawsIt) {
    Bytes packet = probe();
    ASSERT_TRUE(reflect_stamp(packet, 63, kReceived, kSent));
    // 1,700,000,000 s since 1970 are 0xE8FE6F80 s since 1900.
    const Bytes expected = {
        0,    0,    0,    7,                    // sequence
        0xE8, 0xFE, 0x6F, 0x80, 0xC0, 0, 0, 0,  // time: .75 s
        0x0C, 0x01, 1,    2,                    // error estimate, session
        0xE8, 0xFE, 0x6F, 0x80, 0x80, 0, 0, 0,  // received: .5 s
        0,    0,    0,    7,                    // sequence of the probe
        0xE9, 0,    0,    1,    0x80, 0, 0, 0,  // time of the probe
        0x8C, 0x01, 0,    0,                    // error estimate of the probe
        63,   0,    0,    0,                    // TTL
    };
    EXPECT_EQ(packet, expected);
}

TEST(Stamp, WhatIsBehindTheBaseComesBackAsItWas) {
    Bytes packet = probe(1400);
    for (std::size_t i = sizeof(StampProbe); i < packet.size(); ++i) {
        packet[i] = static_cast<std::uint8_t>(i * 7);
    }
    const Bytes before = packet;
    ASSERT_TRUE(reflect_stamp(packet, 255, kReceived, kSent));
    EXPECT_TRUE(std::equal(before.begin() + sizeof(StampProbe), before.end(), packet.begin() + sizeof(StampProbe)));
}

TEST(Stamp, WhatIsTooShortForAReplyIsNotTouched) {
    for (std::size_t length = 0; length < kLeastStampBytes; ++length) {
        Bytes packet = probe(length);
        const Bytes before = packet;
        EXPECT_FALSE(reflect_stamp(packet, 255, kReceived, kSent)) << length;
        EXPECT_EQ(packet, before);
    }
    Bytes light = probe(kLeastStampBytes);  // TWAMP-light: no zeros behind the TTL
    EXPECT_TRUE(reflect_stamp(light, 200, kReceived, kSent));
    EXPECT_EQ(light.back(), 200);
}

TEST(Stamp, IntervalsAreWhatTheClocksSay) {
    EXPECT_TRUE(rc::check([] {
        const StampInstant earlier{Nanos{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000'000)}};
        const Nanos span{*rc::gen::inRange<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000)};
        const StampInstant later = earlier + span;
        RC_PRE(later.time_since_epoch() >= Nanos{0});
        const Nanos ntp = stamp_interval(ntp_of(earlier), ntp_of(later), kStampError);
        RC_ASSERT(std::chrono::abs(ntp - span) <= Nanos{1});
        const auto ptp_of = [](StampInstant time) {
            const auto since = static_cast<std::uint64_t>(time.time_since_epoch().count());
            return since / 1'000'000'000 << 32 | since % 1'000'000'000;
        };
        RC_ASSERT(stamp_interval(ptp_of(earlier), ptp_of(later), kStampErrorPtp) == span);
    }));
}

TEST(Stamp, TheTurnOfAnNtpEraIsNoMatter) {
    // 2036-02-07 06:28:16 UTC: the seconds since 1900 do not fit 32 bits any more.
    const StampInstant before{seconds{2'085'978'495}};
    EXPECT_EQ(stamp_interval(ntp_of(before), ntp_of(before + seconds{2}), kStampError), seconds{2});
}

}  // namespace
}  // namespace izar
