#include "probes/path_watch.h"

#include <gtest/gtest.h>

#include <deque>

#include "dataplane/base/random.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

// A path that answers after an RTT, or not at all, under a watch that is looked at every 10 ms.
struct Way {
    Instant now{1h};
    PathWatch watch;
    Nanos rtt = 80ms;
    bool carries = true;
    double loss = 0;
    Random random{3};
    int probes = 0;
    int changes = 0;

    Way() { watch.begin(80ms, now); }
    void run(Nanos span) {
        for (const Instant end = now + span; now < end; now += 10ms) {
            while (!answers.empty() && answers.front().due <= now) {
                watch.heard(answers.front().number, now - answers.front().sent);
                answers.pop_front();
            }
            const bool lost = static_cast<double>(random.next() >> 11) * 0x1p-53 < loss;
            if (const std::uint16_t number = watch.next(now)) {
                ++probes;
                if (carries && !lost) {
                    answers.push_back({now + rtt, now, number});
                }
            }
            changes += watch.judge(now) ? 1 : 0;
        }
    }
    Nanos until(bool dead) {
        const Instant begun = now;
        while (watch.is_dead() != dead && now - begun < 5min) {
            run(10ms);
        }
        return now - begun;
    }
    struct Answer {
        Instant due;
        Instant sent;
        std::uint16_t number;
    };
    std::deque<Answer> answers;
};

TEST(PathWatch, AsksAtOnceAndThenOnceASecond) {
    Way way;
    way.run(10ms);
    EXPECT_EQ(way.probes, 1);
    way.run(10s);
    EXPECT_EQ(way.probes, 11);
    EXPECT_EQ(way.watch.rtt(), 80ms);
    EXPECT_EQ(way.changes, 0);
}

TEST(PathWatch, APathThatCarriesNothingDiesWithinTwoSecondsAtAnyPhase) {
    for (Nanos phase = 0ms; phase < PathWatch::kInterval; phase += 50ms) {
        Way way;
        way.run(5s + phase);
        way.carries = false;
        EXPECT_LE(way.until(true), 2s) << phase.count();
        EXPECT_EQ(way.changes, 1);
    }
}

TEST(PathWatch, OneThatNeverAnsweredDiesSooner) {
    Way way;
    way.carries = false;
    EXPECT_LE(way.until(true), 1s);
}

TEST(PathWatch, LifeHasToBeProvedAndMoreEachTime) {
    Way way;
    Nanos before{0};
    for (int i = 0; i < 3; ++i) {
        way.carries = false;
        way.until(true);
        way.run(10s);
        way.carries = true;
        const Nanos waited = way.until(false);
        EXPECT_GE(waited, 2s);
        EXPECT_GE(waited, before * 3 / 2);
        before = waited;
    }
}

TEST(PathWatch, LossIsNoDeath) {
    Way way;
    way.loss = 0.08;  // there and back, 2 % on each of four links
    way.run(30min);
    EXPECT_EQ(way.changes, 0);
}

TEST(PathWatch, APathThatBecameSlowLives) {
    Way way;
    way.run(5s);
    way.rtt = 300ms;
    way.run(1min);
    EXPECT_EQ(way.changes, 0);
    EXPECT_EQ(way.watch.rtt(), 300ms);
}

TEST(PathWatch, AnswersOfThePathBeforeSayNothing) {
    Way way;
    way.run(10ms);
    const std::uint16_t old = way.answers.front().number;
    way.watch.begin(80ms, way.now);
    EXPECT_FALSE(way.watch.heard(old, 80ms));
    EXPECT_FALSE(way.watch.heard(0, 80ms));
}

TEST(PathWatch, OwnPausesAreForgiven) {
    Way way;
    way.run(5s);
    for (int i = 0; i < 20; ++i) {
        way.run(1s);
        way.now += 2s;
        way.answers.clear();
        way.watch.forgive();
    }
    EXPECT_EQ(way.changes, 0);
}

}  // namespace
}  // namespace izar
