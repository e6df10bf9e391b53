#include "sched/measured_paths.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1h};
constexpr MeasuredPaths::Segments kOverTwo{NodeId{2}, NodeId{3}, kNoNode};
constexpr MeasuredPaths::Segments kOverFour{NodeId{4}, NodeId{3}, kNoNode};

LinkReport report(const MeasuredPaths::Segments& path, Nanos rtt, Instant at, bool measured = true) {
    LinkReport out;
    out.kind = LinkReportKind::path;
    out.at = at;
    out.path = {path, rtt, measured, false};
    return out;
}

TEST(MeasuredPaths, TellsTheNewestOfEachPathWhileItIsFresh) {
    MeasuredPaths paths;
    EXPECT_FALSE(paths.rtt(kOverTwo, kNow));
    paths.take(report(kOverTwo, 40ms, kNow));
    paths.take(report(kOverFour, 60ms, kNow));
    paths.take(report(kOverTwo, 41ms, kNow + 1s));
    EXPECT_EQ(paths.rtt(kOverTwo, kNow + 1s), 41ms);
    EXPECT_EQ(paths.rtt(kOverFour, kNow + 1s), 60ms);
    EXPECT_FALSE(paths.rtt(kOverFour, kNow + 6s));
}

TEST(MeasuredPaths, AReportWithoutSampleIsNone) {
    MeasuredPaths paths;
    paths.take(report(kOverTwo, 40ms, kNow, false));
    EXPECT_FALSE(paths.rtt(kOverTwo, kNow));
}

}  // namespace
}  // namespace izar
