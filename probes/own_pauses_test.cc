#include "probes/own_pauses.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kConfigured = 30ms;

// An lcore that looks every half millisecond unless it is held up.
struct Lcore {
    Instant now{1h};
    OwnPauses own{10ms, 3};

    void run(Nanos span) {
        for (const Instant end = now + span; now < end; now += 500us) {
            own.look(now);
        }
    }
    void pause(Nanos span) {
        now += span - 500us;
        own.look(now);
    }
};

TEST(OwnPauses, AnLcoreThatAlwaysRunsPromisesWhatIsConfigured) {
    Lcore lcore;
    lcore.run(10s);
    EXPECT_EQ(lcore.own.total(), 0ns);
    EXPECT_EQ(lcore.own.promised(), kConfigured);
    EXPECT_EQ(lcore.own.surprised_peers(), Instant{});
}

TEST(OwnPauses, ShortPausesAreWithinThePromise) {
    Lcore lcore;
    for (int i = 0; i < 100; ++i) {
        lcore.run(100ms);
        lcore.pause(8ms);
    }
    EXPECT_EQ(lcore.own.promised(), kConfigured);
    EXPECT_EQ(lcore.own.surprised_peers(), Instant{});
}

TEST(OwnPauses, ALongPauseIsPromisedSeveralTimesOverForAMinuteOrTwo) {
    Lcore lcore;
    lcore.run(1s);
    lcore.pause(24ms);
    EXPECT_EQ(lcore.own.surprised_peers(), lcore.now) << "they expected to hear within 30 ms";
    EXPECT_EQ(lcore.own.promised(), 158ms);
    const Instant first = lcore.now;
    lcore.run(1s);
    lcore.pause(100ms);
    EXPECT_EQ(lcore.own.surprised_peers(), first) << "this one they were told of";
    EXPECT_EQ(lcore.own.promised(), OwnPauses::kLongestPromise);
    lcore.run(OwnPauses::kWindow);
    EXPECT_EQ(lcore.own.promised(), OwnPauses::kLongestPromise);
    lcore.run(OwnPauses::kWindow);
    EXPECT_EQ(lcore.own.promised(), kConfigured);
}

TEST(OwnPauses, APromiseThatIsConfiguredLongerStays) {
    OwnPauses own{1s, 5};
    own.look(Instant{1h});
    own.look(Instant{1h} + 200ms);
    EXPECT_EQ(own.promised(), 5s);
}

TEST(OwnPauses, APauseIsCutAtTheTimeAskedFor) {
    Lcore lcore;
    lcore.run(1s);
    const Instant begun = lcore.now - 500us;
    lcore.pause(100ms);
    EXPECT_EQ(lcore.own.until(begun), 0ns);
    EXPECT_EQ(lcore.own.until(begun + 30ms), 30ms);
    EXPECT_EQ(lcore.own.until(lcore.now), 100ms);
    EXPECT_EQ(lcore.own.until(lcore.now + 1s), lcore.own.total());
}

// The total is the sum of all gaps beyond kOwnStall, and no promise is outside its bounds.
RC_GTEST_PROP(OwnPauses, EveryPauseCountsOnce, ()) {
    Lcore lcore;
    lcore.run(1ms);
    Nanos sum{0};
    for (const int us : *rc::gen::container<std::vector<int>>(rc::gen::inRange(100, 200'000))) {
        const Nanos gap = std::chrono::microseconds{us};
        const Instant before = lcore.now - 500us;
        lcore.pause(gap);
        sum += gap > kOwnStall ? gap : 0ns;
        RC_ASSERT(lcore.own.total() == sum);
        RC_ASSERT(lcore.own.until(before) == sum - (gap > kOwnStall ? gap : 0ns));
        RC_ASSERT(lcore.own.promised() >= kConfigured);
        RC_ASSERT(lcore.own.promised() <= OwnPauses::kLongestPromise);
        lcore.now += 500us;
    }
}

}  // namespace
}  // namespace izar
