// What a fleet of many tells all the time must not keep the scheduler thread busy all the time.
#include <gtest/gtest.h>

#include "sched/testing/test_node.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

class LargeFleet : public testing::Test {
  protected:
    static constexpr int kNodes = 300;
    static std::size_t slot_number(int peer) { return static_cast<std::size_t>(peer); }
    static Nanos rtt_of(int peer, int factor) { return 20ms + peer * factor * 1ms; }

    LargeFleet() {
        node.round();
        for (int peer = 1; peer < kNodes; ++peer) {
            node.measure(slot_number(peer), rtt_of(peer, 1));
            node.tell(slot_number(peer), slot_number(peer % (kNodes - 1) + 1), 15ms);
        }
        node.run(100ms);
    }
    // Plans in a second of which every millisecond begins with a call.
    template <typename Call>
    std::uint64_t plans_of_a_second(Call call) {
        const auto before = node.scheduler.status(node.now).plans;
        for (int ms = 0; ms < 1'000; ++ms) {
            call(ms);
            node.run(1ms);
        }
        return node.scheduler.status(node.now).plans - before;
    }

    TestNode node{kNodes};
};

TEST_F(LargeFleet, DeadPathsThatAreReportedAgainAreNoReasonToPlan) {
    const auto report = [&](int ms) { node.fail_path(slot_number(1 + ms % 200), slot_number(2 + ms % 200)); };
    EXPECT_LE(plans_of_a_second(report), 500u) << "each is news once, and some share a plan";
    EXPECT_LE(plans_of_a_second(report), 101u);
}

TEST_F(LargeFleet, DeadLinksOfOthersThatAreToldAgainAreNoReasonToPlan) {
    const auto tell = [&](int ms) { node.tell(slot_number(1 + ms % 200), slot_number(2 + ms % 200), 0ms); };
    (void)plans_of_a_second(tell);
    EXPECT_LE(plans_of_a_second(tell), 101u);
}

TEST_F(LargeFleet, PlansComeLaterTheMoreTheyLookAt) {
    const auto move_all = [&](int ms) {
        for (int peer = 1; peer < kNodes; ++peer) {
            node.measure(slot_number(peer), rtt_of(peer, 1 + ms % 2));
        }
    };
    const std::uint64_t plans = plans_of_a_second(move_all);
    EXPECT_LE(plans, static_cast<std::uint64_t>(1s / (kNodes * Scheduler::kPauseARoute)) + 10);
    EXPECT_GE(plans, 4u) << "a link that got bad is left within a second";
}

}  // namespace
}  // namespace izar
