#include "tools/probe/probe_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace izar::probe {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

ProbeLog log_of(std::size_t sent) {
    ProbeLog log(milliseconds{1});
    for (std::size_t i = 0; i < sent; ++i) {
        log.on_sent(Nanos{0});
    }
    return log;
}

TEST(ProbeLog, LostRangesSpanTheIntendedTimes) {
    auto log = log_of(100);
    for (std::uint64_t i = 0; i < 100; ++i) {
        if (i != 5 && !(i >= 20 && i < 50) && i != 99) {
            log.on_reply(i, milliseconds{10}, milliseconds{4});
        }
    }
    const json report = log.report();
    EXPECT_EQ(report["sent"], 100);
    EXPECT_EQ(report["received"], 68);
    EXPECT_EQ(report["lost"], 32);
    EXPECT_EQ(report["lost_ranges"], json::parse(R"([{"first": 5, "last": 5, "from_ms": 5.0, "span_ms": 1.0},
                              {"first": 20, "last": 49, "from_ms": 20.0, "span_ms": 30.0},
                              {"first": 99, "last": 99, "from_ms": 99.0, "span_ms": 1.0}])"));
}

TEST(ProbeLog, LossOfEachDirection) {
    auto log = log_of(10);
    for (const std::uint64_t sequence : {0U, 1U, 7U, 8U, 9U}) {
        log.on_reply(sequence, milliseconds{10}, milliseconds{4});
    }
    log.on_arrival(2);
    log.on_arrival(3);
    log.on_arrival(12);  // beyond what was sent
    const json report = log.report();
    EXPECT_EQ(report["lost"], 5);
    EXPECT_EQ(report["lost_back_ranges"], json::parse(R"([{"first": 2, "last": 3, "from_ms": 2.0, "span_ms": 2.0}])"));
    EXPECT_EQ(report["lost_out_ranges"], json::parse(R"([{"first": 4, "last": 6, "from_ms": 4.0, "span_ms": 3.0}])"));
}

TEST(ProbeLog, PercentilesOfKnownSamples) {
    auto log = log_of(1000);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        log.on_reply(i, milliseconds{i + 1}, milliseconds{2});
    }
    const json rtt = log.report()["rtt_ms"];
    EXPECT_EQ(rtt["min"], 1.0);
    EXPECT_EQ(rtt["p50"], 501.0);
    EXPECT_EQ(rtt["p99"], 991.0);
    EXPECT_EQ(rtt["p99_9"], 1000.0);
    EXPECT_EQ(rtt["max"], 1000.0);
    EXPECT_EQ(log.report()["one_way_ms"]["p99"], 2.0);
}

TEST(ProbeLog, DuplicatesAndReorderingAreTold) {
    auto log = log_of(4);
    for (const std::uint64_t sequence : {1U, 0U, 3U, 3U, 2U}) {
        log.on_reply(sequence, milliseconds{1}, milliseconds{1});
    }
    const json report = log.report();
    EXPECT_EQ(report["received"], 4);
    EXPECT_EQ(report["duplicated"], 1);
    EXPECT_EQ(report["reordered"], 2);
    EXPECT_EQ(report["lost"], 0);
}

TEST(ProbeLog, NothingAnsweredIsNullNotZero) {
    auto log = log_of(3);
    log.on_reply(7, milliseconds{1}, milliseconds{1});  // beyond what was sent
    EXPECT_TRUE(log.report()["rtt_ms"].is_null());
    EXPECT_EQ(log.report()["lost"], 3);
    EXPECT_LT(log.take_recent_round_trip(), Nanos{0});
}

TEST(ProbeLog, RecentIsTheMedianSinceTheLastCall) {
    auto log = log_of(10);
    log.on_reply(0, milliseconds{1}, milliseconds{1});
    log.on_reply(1, milliseconds{9}, milliseconds{1});
    log.on_reply(2, milliseconds{3}, milliseconds{1});
    EXPECT_EQ(log.take_recent_round_trip(), milliseconds{3});
    log.on_reply(3, milliseconds{70}, milliseconds{1});
    EXPECT_EQ(log.take_recent_round_trip(), milliseconds{70});
}

}  // namespace
}  // namespace izar::probe
