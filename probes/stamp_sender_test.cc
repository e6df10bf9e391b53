#include "probes/stamp_sender.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <cstring>
#include <map>
#include <vector>

namespace izar {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kSession = 77;
constexpr Nanos kPatience = seconds{1};
constexpr StampInstant kWall{seconds{1'700'000'000}};
using Packet = std::vector<std::uint8_t>;

class StampSession : public testing::Test {
  protected:
    StampSender sender{kSession, kPatience};
    Instant now{seconds{100}};

    Packet send() {
        const StampProbe probe = sender.next(kWall, now);
        Packet bytes(sizeof probe);
        std::memcpy(bytes.data(), &probe, sizeof probe);
        return bytes;
    }
    // The reply of a reflector whose clock is years away.
    static Packet reflect(Packet packet, Nanos held = Nanos{0}) {
        const StampInstant received{seconds{1'000}};
        EXPECT_TRUE(reflect_stamp(packet, 255, received, received + held));
        return packet;
    }
};

TEST_F(StampSession, RttIsTheTimeAwayLessTheTimeHeld) {
    const Packet reply = reflect(send(), milliseconds{30});
    now += milliseconds{50};
    const auto rtt = sender.take(reply, now);
    ASSERT_TRUE(rtt.has_value());
    EXPECT_NEAR(static_cast<double>(rtt->count()), 20e6, 2);
    EXPECT_EQ(sender.take_measurement().samples, 1u);
}

TEST_F(StampSession, ARepeatedReplyIsNoSecondSample) {
    const Packet reply = reflect(send());
    EXPECT_TRUE(sender.take(reply, now + milliseconds{1}));
    EXPECT_FALSE(sender.take(reply, now + milliseconds{2}));
}

TEST_F(StampSession, WhatIsNotOursIsNoSample) {
    Packet reply = reflect(send());
    Packet other_session = reply;
    other_session[15] ^= 1;
    EXPECT_FALSE(sender.take(other_session, now));
    Packet never_sent = reply;
    never_sent[27] = 9;
    EXPECT_FALSE(sender.take(never_sent, now));
    EXPECT_FALSE(sender.take(std::span(reply).first(kLeastStampBytes - 1), now));
    EXPECT_FALSE(sender.take(reflect(send(), milliseconds{10}), now + milliseconds{9})) << "held longer than away";
    EXPECT_EQ(sender.take_measurement().samples, 0u);
}

TEST_F(StampSession, ATwampLightReflectorIsUnderstood) {
    Packet reply = reflect(send(), milliseconds{1});
    reply[14] = reply[15] = 0;  // zeros where STAMP has the session
    reply.resize(kLeastStampBytes);
    EXPECT_TRUE(sender.take(reply, now + milliseconds{5}));
}

TEST_F(StampSession, AStatefulReflectorCountsForItself) {
    Packet reply = reflect(send());
    reply[3] = 200;  // its own sequence
    EXPECT_TRUE(sender.take(reply, now + milliseconds{5}));
}

TEST_F(StampSession, WhatIsNotAnsweredInTimeIsLost) {
    const Packet late = reflect(send());
    send();
    sender.expire(now + kPatience - Nanos{1});
    EXPECT_EQ(sender.take_measurement().lost, 0u);
    sender.expire(now + kPatience);
    EXPECT_EQ(sender.take_measurement().lost, 2u);
    EXPECT_FALSE(sender.take(late, now + kPatience));
}

TEST_F(StampSession, EveryProbeIsASampleOrLost) {
    EXPECT_TRUE(rc::check([this] {
        StampSender session(kSession, kPatience);
        std::map<std::uint32_t, Packet> replies;
        const auto count = *rc::gen::inRange<std::uint32_t>(1, 600);
        for (std::uint32_t i = 0; i < count; ++i) {
            const StampProbe probe = session.next(kWall, now);
            Packet bytes(sizeof probe);
            std::memcpy(bytes.data(), &probe, sizeof probe);
            replies[i] = reflect(bytes);
        }
        // Replies to some of them, in any order, some twice.
        for (const auto at :
             *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, count))) {
            session.take(replies[at], now + microseconds{10});
        }
        session.expire(now + kPatience);
        const Measurement seen = session.take_measurement();
        RC_ASSERT(seen.samples + seen.lost == count);
        RC_ASSERT(session.sent() == count);
    }));
}

}  // namespace
}  // namespace izar
