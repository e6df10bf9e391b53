#include "tools/probe/arrival_history.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <set>
#include <vector>

namespace izar::probe {
namespace {

std::set<std::uint64_t> read(const ArrivalHistory& history) {
    ProbePacket packet{};
    history.write_to(packet);
    std::set<std::uint64_t> arrived;
    for_each_arrived(packet, [&](std::uint64_t sequence) { arrived.insert(sequence); });
    return arrived;
}

RC_GTEST_PROP(ArrivalHistory, HoldsWhatArrivedWithinItsReach, ()) {
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-40, 300));
    ArrivalHistory history;
    std::set<std::uint64_t> marked;
    std::int64_t at = 100;
    for (const int step : steps) {
        at = std::max<std::int64_t>(0, at + step);
        history.mark(static_cast<std::uint64_t>(at));
        marked.insert(static_cast<std::uint64_t>(at));
    }
    std::set<std::uint64_t> expected;
    for (const std::uint64_t sequence : marked) {
        if (sequence + kHistoryProbes > *marked.rbegin()) {
            expected.insert(sequence);
        }
    }
    RC_ASSERT(read(history) == expected);
}

TEST(ArrivalHistory, ARunKeepsItsHistoryBesideOthers) {
    RunHistories runs;
    runs.of_run(1).mark(5);
    runs.of_run(2).mark(9);
    runs.of_run(1).mark(6);
    EXPECT_EQ(read(runs.of_run(1)), (std::set<std::uint64_t>{5, 6}));
    EXPECT_EQ(read(runs.of_run(2)), (std::set<std::uint64_t>{9}));
    for (std::uint64_t run = 3; run < 70; ++run) {
        runs.of_run(run).mark(1);
    }
    EXPECT_EQ(read(runs.of_run(69)), (std::set<std::uint64_t>{1}));
    EXPECT_TRUE(read(runs.of_run(1)).empty());  // gave way
}

}  // namespace
}  // namespace izar::probe
