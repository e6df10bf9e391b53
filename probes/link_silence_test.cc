#include "probes/link_silence.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kTold = 30ms;
constexpr Nanos kInterval = 10ms;

// A peer that sends every 10 ms, a way that delays what it sends, and an lcore that looks every half millisecond.
struct Link {
    Instant now{1h};
    Nanos delay = 20ms;
    Nanos clock_ahead = 4'294'900us;  // the peer's clock; its low half wraps soon
    Instant held_until{};             // the way carries nothing before, and then all at once
    bool sends = true;
    Instant asleep_until{};  // the lcore does not look before
    LinkSilence silence;
    OwnPauses own{kInterval, 3};
    int alarms = 0;

    void run(Nanos span) {
        for (const Instant end = now + span; now < end; now += 500us) {
            if (sends && now >= next_send) {
                next_send = now + kInterval;
                under_way.push_back({std::max(now + delay, held_until), stamp_of(now + clock_ahead)});
            }
            if (now >= asleep_until) {
                look();
            }
        }
    }
    void sleep(Nanos span) {
        asleep_until = now + span;
        run(span);
    }
    // Nothing is sent for a while.
    void pause(Nanos span) {
        sends = false;
        run(span);
        sends = true;
    }
    Nanos limit() const { return silence.limit(kTold); }

  private:
    struct Packet {
        Instant due;
        std::uint32_t stamp;
    };
    static std::uint32_t stamp_of(Instant t) { return static_cast<std::uint32_t>(t.time_since_epoch().count()); }
    // What came is taken at the time of the look, as an lcore does.
    void look() {
        own.look(now);
        for (const Packet& packet : under_way) {
            if (packet.due <= now && packet.due >= newest_due) {
                newest_due = packet.due;
                newest = {now, packet.stamp};
            }
        }
        std::erase_if(under_way, [&](const Packet& packet) { return packet.due <= now; });
        if (newest.due == Instant{}) {
            return;
        }
        const bool fresh = newest.due != silence.last_heard();
        silence.take(newest.due, newest.stamp, own, now);
        is_down = is_down && !fresh;
        if (!is_down && silence.silent(own, now) > limit()) {
            silence.alarm();
            is_down = true;
            ++alarms;
        }
    }
    std::vector<Packet> under_way;
    Packet newest{};
    Instant newest_due{};
    Instant next_send{};
    bool is_down = false;
};

TEST(LinkSilence, IsWhatThePeerToldWhilePacketsComeEvenly) {
    Link link;
    link.run(10s);
    EXPECT_EQ(link.limit(), kTold);
    EXPECT_EQ(link.alarms, 0);
}

TEST(LinkSilence, APeerThatPausesIsRememberedForAMinute) {
    Link link;
    link.run(1s);
    link.pause(100ms);
    link.run(1s);
    EXPECT_EQ(link.alarms, 1);
    EXPECT_GT(link.limit(), 140ms);
    link.run(30s);
    EXPECT_GT(link.limit(), 80ms);
    link.pause(40ms);
    link.run(1s);
    EXPECT_EQ(link.alarms, 1) << "the like of it again is no alarm";
    link.run(180s);
    EXPECT_EQ(link.limit(), kTold);
}

TEST(LinkSilence, AStepOfTheDelayIsForgottenAtOnce) {
    for (const Nanos rise : {Nanos{25ms}, Nanos{120ms}, Nanos{240ms}}) {
        Link link;
        link.run(1s);
        link.delay += rise;
        link.run(rise + 100ms);
        EXPECT_GT(link.limit(), kTold) << "it may be one of several late packets";
        link.run(LinkSilence::kStepProof);
        EXPECT_EQ(link.limit(), kTold) << rise.count();
        link.delay -= rise;
        link.run(1s);
        EXPECT_EQ(link.limit(), kTold) << "the way back makes no gap";
    }
}

TEST(LinkSilence, PacketsThatWereHeldUpAreRemembered) {
    Link link;
    link.run(1s);
    link.held_until = link.now + 120ms;  // a queue that stood still and then lets all of them go
    link.run(1s);
    EXPECT_GT(link.limit(), 100ms);
    Link spike;
    spike.run(1s);
    spike.delay += 120ms;  // for a moment only
    spike.run(200ms);
    spike.delay -= 120ms;
    spike.run(1s);
    EXPECT_GT(spike.limit(), 100ms);
}

TEST(LinkSilence, APauseAfterAStepIsAPause) {
    Link link;
    link.run(1s);
    link.delay += 120ms;
    link.run(200ms);
    link.pause(100ms);
    link.run(2s);
    EXPECT_GT(link.limit(), 120ms);
}

TEST(LinkSilence, ALongSilenceWasDeathAndTeachesNothing) {
    Link link;
    link.run(1s);
    link.pause(2s);
    link.run(1s);
    EXPECT_EQ(link.limit(), kTold);
}

TEST(LinkSilence, TimeInWhichTheLcoreDidNotLookIsNone) {
    Link link;
    link.run(1s);
    for (int i = 0; i < 20; ++i) {
        link.sleep(200ms);
        link.run(27ms);
    }
    EXPECT_EQ(link.alarms, 0);
    EXPECT_EQ(link.limit(), kTold);
}

// However often it sleeps, a peer that is gone is found when it has looked for as long as death takes.
TEST(LinkSilence, AnLcoreThatIsHeldUpAllTheTimeFindsADeadPeer) {
    Link link;
    link.run(1s);
    link.sends = false;
    link.run(link.delay);
    for (int i = 0; i < 20 && link.alarms == 0; ++i) {
        link.sleep(50ms);
        link.run(5ms);
    }
    EXPECT_EQ(link.alarms, 1);
    EXPECT_LT(link.silence.silent(link.own, link.now), kTold + kInterval);
}

// Whatever the delay does, the same gaps with a peer that does not send are remembered, and no limit is above the most.
RC_GTEST_PROP(LinkSilence, OnlyAStepIsForgotten, ()) {
    Link link;
    link.run(1s);
    Nanos longest{0};
    for (const int ms : *rc::gen::container<std::vector<int>>(rc::gen::inRange(15, 200))) {
        const Nanos span = std::chrono::milliseconds{ms};
        if (*rc::gen::arbitrary<bool>()) {
            link.delay += span;
            link.run(span + 1s);
            link.delay = 20ms;
        } else {
            link.pause(span);
            longest = std::max(longest, span);
        }
        link.run(600ms);
        RC_ASSERT(link.limit() <= std::max(kTold, LinkSilence::kLongestStretch));
    }
    if (longest == Nanos{0}) {
        RC_ASSERT(link.limit() == kTold);
    }
}

}  // namespace
}  // namespace izar
