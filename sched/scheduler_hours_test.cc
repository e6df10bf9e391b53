// What a scheduler does over hours: virtual ones, a few seconds of the test's.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sched/testing/test_node.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kStep = 10ms;

FeedLink feed_link(std::size_t from, std::size_t to, Nanos rtt) {
    return {.from = id_at(from), .to = id_at(to), .rtt = rtt, .count = 5};
}

// Everything but the own links comes from the controller; 0-2-3 (30 ms) beats 0-1-3 (50 ms) and 0-3 (90 ms).
FeedUpdate controller_update() {
    return {.life = FeedLife::live, .links = {feed_link(1, 3, 35ms), feed_link(2, 3, 20ms), feed_link(3, 1, 35ms)}};
}

void measure_own(TestNode& node) {
    node.measure(1, 15ms);
    node.measure(2, 10ms);
    node.measure(3, 90ms);
}

TEST(SchedulerHours, AnHourWithoutControllerLosesNoRelayedPath) {
    TestNode node{4};
    node.feed(controller_update());
    for (int second = 0; second < 3600; ++second) {
        measure_own(node);
        if (second == 10) {
            node.feed({.life = FeedLife::silent});
        }
        node.run(1s, kStep);
        ASSERT_EQ(node.path_to(3), "0-2-3") << second;
        ASSERT_EQ(node.backup_to(3), "0-1-3") << second;
    }
    // Own measurements still count, with nobody asked.
    node.lose(2);
    node.round();
    EXPECT_EQ(node.path_to(3), "0-1-3");
    // And the controller's return loses nothing while it tells its items again.
    node.feed({.life = FeedLife::live});
    for (int second = 0; second < 60; ++second) {
        measure_own(node);
        if (second % 5 == 4) {
            node.feed(controller_update());
        }
        node.run(1s, kStep);
        ASSERT_EQ(node.path_to(3), "0-1-3") << second;
    }
}

TEST(SchedulerHours, ALiveControllerThatForgetsALinkTakesItAway) {
    TestNode node{4};
    node.feed(controller_update());
    for (int second = 0; second < 60; ++second) {
        measure_own(node);
        FeedUpdate update = controller_update();
        std::erase_if(update.links, [&](const FeedLink& link) { return second > 20 && link.from == id_at(2); });
        node.feed(update);
        node.run(1s, kStep);
        const bool forgotten = second > 37;  // 15 s of age, and up to a second more
        if (second < 34 || forgotten) {
            ASSERT_EQ(node.path_to(3), forgotten ? "0-1-3" : "0-2-3") << second;
        }
    }
}

// Two paths within 3 ms of each other, each swinging by 4 ms with noise on top: never worth a move.
TEST(SchedulerHours, NoiseMovesNothing) {
    TestNode node{4};
    std::mt19937 random{3};
    std::normal_distribution<double> noise{0, 0.7};
    const auto around = [&](double ms) {
        return Nanos{static_cast<Nanos::rep>(std::max(ms + noise(random), 1.0) * 1e6)};
    };
    for (int tick = 0; tick < 36'000; ++tick) {  // ten a second
        const double swing = 2 * std::sin(tick / 600.0);
        node.measure(1, around(20 + swing));
        node.measure(2, around(21.5 - swing));
        node.measure(3, 90ms);
        node.tell(1, 3, 20ms);
        node.tell(2, 3, 20ms);
        node.run(100ms, kStep);
    }
    EXPECT_LE(node.scheduler.routes(kDefaultPolicy).planner().route(slot_at(3)).switches, 4u);
}

// The best first link dies and returns every five seconds for an hour.
TEST(SchedulerHours, AFlappingLinkIsLeftAloneMoreAndMore) {
    TestNode node{4};
    for (int second = 0; second < 3600; ++second) {
        const bool up = second % 5 < 4;
        if (second % 5 == 4) {
            node.lose(2);
        } else if (second % 5 == 0) {
            node.hear(2);
        }
        node.measure(1, 15ms);
        node.measure(3, 90ms);
        if (up) {
            node.measure(2, 10ms);
        }
        node.tell(1, 3, 35ms);
        node.tell(2, 3, 20ms);
        node.run(1s, kStep);
        ASSERT_NE(node.path_to(3), "none") << second;
        ASSERT_TRUE(up || node.path_to(3) == "0-1-3") << second;
        if (second > 60) {
            ASSERT_EQ(node.path_to(3), "0-1-3") << "by now it is held longer than it lives";
        }
    }
    EXPECT_LE(node.scheduler.routes(kDefaultPolicy).planner().route(slot_at(3)).switches, 12u);
}

// Seconds from the last flap of the best first link until the path over it is used again.
double seconds_until_used(int flaps, Nanos other_way) {
    TestNode node{4};
    const auto live = [&](Nanos span, bool up) {
        for (Nanos at{0}; at < span; at += 100ms) {
            node.measure(1, other_way);
            node.measure(3, 10 * other_way);
            if (up) {
                node.measure(2, 10ms);
            }
            node.tell(1, 3, 1ms);
            node.tell(2, 3, 1ms);
            node.run(100ms, kStep);
        }
    };
    node.hear(2);
    live(1s, true);
    EXPECT_EQ(node.path_to(3), "0-2-3");
    for (int i = 0; i < flaps; ++i) {
        node.lose(2);
        live(200ms, false);
        EXPECT_EQ(node.path_to(3), "0-1-3") << "a dead link is left at once, whatever the hold-down";
        node.hear(2);
        live(200ms, true);
    }
    Nanos waited = 200ms;
    while (node.path_to(3) != "0-2-3" && waited < 5min) {
        live(100ms, true);
        waited += 100ms;
    }
    return std::chrono::duration<double>(waited).count();
}

TEST(SchedulerHours, AfterAnyNumberOfFlapsTheBetterPathIsUsedInBoundedTime) {
    const double longest = std::chrono::duration<double>(FlapDamper::kLongestHold).count();
    const double probation = std::chrono::duration<double>(LinkEstimate::kProbation).count();
    EXPECT_LT(seconds_until_used(1, 20ms), 2);
    EXPECT_GT(seconds_until_used(20, 20ms), longest - 0.5) << "it flapped too often";
    EXPECT_LT(seconds_until_used(20, 20ms), longest + 1);
    EXPECT_GT(seconds_until_used(20, 100ms), probation - 0.5);
    EXPECT_LT(seconds_until_used(20, 100ms), probation + 1)
        << "far better, so it has to prove itself for a shorter time";
}

}  // namespace
}  // namespace izar
