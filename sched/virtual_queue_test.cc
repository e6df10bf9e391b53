#include "sched/virtual_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <random>

namespace izar {
namespace {

TEST(RankedExcess, RanksAboveAndBelowApart) {
    const std::array values{10.0, 50.0, 90.0, 60.0, 40.0, 60.0};
    const auto excess = ranked_excess(values, 50);
    EXPECT_EQ(excess, (std::vector{-1.0, 0.0, 1.0, 2.0 / 3, -0.5, 2.0 / 3}));
    EXPECT_TRUE(ranked_excess({}, 50).empty());
}

RC_GTEST_PROP(RankedExcess, HasTheSignOfTheExcessAndKeepsItsOrder, (std::vector<unsigned> raw_values)) {
    std::vector<double> values;
    for (const unsigned value : raw_values) {
        values.push_back(value % 101);
    }
    const auto excess = ranked_excess(values, 50);
    for (std::size_t i = 0; i < values.size(); ++i) {
        RC_ASSERT((excess[i] > 0) == (values[i] > 50) && (excess[i] < 0) == (values[i] < 50));
        RC_ASSERT(excess[i] >= -1 && excess[i] <= 1);
        for (std::size_t j = 0; j < values.size(); ++j) {
            RC_ASSERT((values[i] < values[j]) == (excess[i] < excess[j]));
        }
    }
}

const std::array kNodes{NodeId{9}, NodeId{3}, NodeId{5}};

std::array<NodeLoad, 3> loads_of(double a, double b, double c) {
    return {NodeLoad{.cpu_percent = a}, NodeLoad{.cpu_percent = b}, NodeLoad{.cpu_percent = c}};
}

TEST(VirtualQueues, AddUpExcessAndEmptyAgain) {
    VirtualQueues queues;
    auto loads = loads_of(80, 20, 70);
    for (int round = 0; round < 10; ++round) {
        queues.advance(kNodes, loads);
    }
    EXPECT_DOUBLE_EQ(loads[0].mean_queue, 10);
    EXPECT_DOUBLE_EQ(loads[1].mean_queue, 0);
    EXPECT_DOUBLE_EQ(loads[2].mean_queue, 5);
    loads = loads_of(10, 20, 70);
    for (int round = 0; round < 10; ++round) {
        queues.advance(kNodes, loads);
    }
    EXPECT_DOUBLE_EQ(loads[0].mean_queue, 0);
    EXPECT_DOUBLE_EQ(loads[2].mean_queue, 15);
}

TEST(VirtualQueues, ANodeThatLeftStartsAnew) {
    VirtualQueues queues;
    auto loads = loads_of(80, 20, 70);
    queues.advance(kNodes, loads);
    queues.advance(std::span{kNodes}.subspan(1), std::span{loads}.subspan(1));
    queues.advance(kNodes, loads);
    EXPECT_DOUBLE_EQ(loads[0].mean_queue, 1);
    EXPECT_DOUBLE_EQ(loads[2].mean_queue, 0.5 + 1 + 0.5);
}

// A load that is below the threshold on average, whatever its swings, must not pile queues up.
TEST(VirtualQueues, StayBoundedUnderStableLoad) {
    std::mt19937 random{11};
    std::normal_distribution<double> cpu{40, 12};
    VirtualQueues queues;
    double longest = 0;
    for (int round = 0; round < 50'000; ++round) {
        auto loads = loads_of(cpu(random), cpu(random), cpu(random));
        queues.advance(kNodes, loads);
        for (const NodeLoad& load : loads) {
            longest = std::max(longest, load.mean_queue);
        }
    }
    EXPECT_LT(longest, 40);
    EXPECT_GT(longest, 0);
}

}  // namespace
}  // namespace izar
