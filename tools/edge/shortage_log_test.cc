#include "tools/edge/shortage_log.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr Instant kStart{1h};

LcoreCounters flows_refused(std::uint64_t count) {
    LcoreCounters counters;
    counters.flows_refused = count;
    return counters;
}

TEST(ShortageLog, IsSilentWhileNothingIsShort) {
    ShortageLog log;
    EXPECT_EQ(log.look({}, kStart), Lines{});
    EXPECT_EQ(log.look({}, kStart + 1h), Lines{});
}

TEST(ShortageLog, TellsAFloodOnceAMinuteAndLosesNoCount) {
    ShortageLog log;
    std::uint64_t refused = 0;
    std::vector<std::string> told;
    for (Nanos at{0}; at <= ShortageLog::kSilence; at += 100ms) {
        refused += 7;
        for (const std::string& line : log.look(flows_refused(refused), kStart + at)) {
            told.push_back(line);
        }
    }
    EXPECT_EQ(told, (Lines{"the IPv4 flow table is full: 7 packets of new flows were refused; raise memory.flows in "
                           "edge.yaml",
                           "the IPv4 flow table is full: 4200 packets of new flows were refused; raise memory.flows in "
                           "edge.yaml"}));
    EXPECT_EQ(log.look(flows_refused(refused), kStart + 1h), Lines{}) << "it is over";
}

TEST(ShortageLog, EachKindSpeaksForItself) {
    ShortageLog log;
    LcoreCounters counters;
    counters.flows_ipv6_refused = 1;
    EXPECT_EQ(log.look(counters, kStart).size(), 1u);
    counters.nat_ports_refused = 1;
    counters.verdicts[static_cast<std::size_t>(Verdict::neighbors_full)] = 1;
    const Lines lines = log.look(counters, kStart + 1ms);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_NE(lines[0].find("egress_addresses"), std::string::npos);
    EXPECT_NE(lines[1].find("neighbour"), std::string::npos);
}

}  // namespace
}  // namespace izar
