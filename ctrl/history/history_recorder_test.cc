#include "ctrl/history/history_recorder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "ctrl/history/history_answer.h"
#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kRound{10};

FeedLink measured(std::uint16_t from, std::uint16_t to, milliseconds rtt) {
    FeedLink link{.from = NodeId{from}, .to = NodeId{to}};
    link.rtt = rtt;
    link.loss = 0.25;
    link.count = 3;
    return link;
}

// A full mesh of this many nodes.
LinkRows mesh_of(std::uint16_t nodes) {
    LinkRows rows;
    for (std::uint16_t from = 1; from <= nodes; ++from) {
        for (std::uint16_t to = 1; to <= nodes; ++to) {
            if (from != to) {
                rows.set(measured(from, to, milliseconds{from + to}));
            }
        }
    }
    return rows;
}

TEST(HistoryRecorder, SlicesCoverEveryLinkOnceAPass) {
    const LinkRows rows = mesh_of(9);
    for (const std::size_t most : {1U, 7U, 8U, 72U, 500U}) {
        HistoryRecorder recorder(kRound);
        std::multiset<HistorySubject> seen;
        for (int slice = 0; slice < 200; ++slice) {
            const auto samples = recorder.next(rows, most, kNow);
            EXPECT_LE(samples.size(), 2 * most);
            for (const HistorySample& sample : samples) {
                if (sample.metric == HistoryMetric::rtt_ms) {
                    seen.insert(sample.subject);
                }
            }
        }
        EXPECT_EQ(seen.size(), 72U) << most;  // and no second pass at the same time
        EXPECT_EQ(std::set<HistorySubject>(seen.begin(), seen.end()).size(), 72U) << most;
    }
}

TEST(HistoryRecorder, APassBeginsARoundAfterTheLast) {
    const LinkRows rows = mesh_of(3);
    HistoryRecorder recorder(kRound);
    EXPECT_FALSE(recorder.next(rows, 100, kNow).empty());
    EXPECT_TRUE(recorder.next(rows, 100, kNow + seconds{9}).empty());
    EXPECT_FALSE(recorder.next(rows, 100, kNow + kRound).empty());
    EXPECT_FALSE(recorder.next(rows, 100, kNow - hours{1}).empty());  // the clock was set back
}

TEST(HistoryRecorder, RowsThatComeAndGoDoNotStopAPass) {
    HistoryRecorder recorder(kRound);
    EXPECT_EQ(recorder.next(mesh_of(5), 6, kNow).size(), 12U);
    LinkRows rows = mesh_of(5);
    rows.erase_row(NodeId{2});  // the row that the pass stands in
    std::size_t links = 0;
    for (int slice = 0; slice < 10; ++slice) {
        links += recorder.next(rows, 6, kNow).size() / 2;
    }
    EXPECT_EQ(links, 12U);  // nodes 3, 4 and 5
}

TEST(HistoryRecorder, ALinkThatIsDownIsAllLossAndOneUnknownIsNothing) {
    LinkRows rows;
    rows.set({.from = NodeId{1}, .to = NodeId{2}, .reachable = false});
    rows.set({.from = NodeId{1}, .to = NodeId{3}});  // no sample yet
    const auto samples = HistoryRecorder(kRound).next(rows, 10, kNow);
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_EQ(samples[0].metric, HistoryMetric::loss_ratio);
    EXPECT_EQ(samples[0].value, 1);
}

TEST(HistoryRecorder, NodesAreKnownByTheirAddress) {
    SystemInfo sample{.ip = "10.0.0.1", .cpu_usage = 12.5, .timestamp = kNow};
    const SystemInfo stranger{.ip = "10.0.0.9", .timestamp = kNow};
    const auto samples = node_history(std::vector{sample, stranger}, {{"10.0.0.1", NodeId{4}}});
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_EQ(samples[0].subject, (HistorySubject{NodeId{4}, kNoNode}));
    EXPECT_EQ(samples[0].value, 12.5);
}

// Hours of a link that gets slower, recorded and asked for.
TEST(HistoryAnswer, TellsSeriesAndTrend) {
    const SqliteTestStore backing;
    const auto store = backing.open({});
    ASSERT_TRUE(store);
    HistoryRecorder recorder(kRound);
    const WallTime begin = kNow - hours{5};
    for (minutes passed{0}; passed < hours{5}; passed += minutes{1}) {
        LinkRows rows;
        rows.set(measured(1, 2, milliseconds{20 + passed.count() / 6}));  // 10 ms an hour
        granted((*store)->write_history(recorder.next(rows, 10, begin + passed)));
    }
    const auto answer = nlohmann::json::parse(
        granted(history_answer(**store, {.from = NodeId{1}, .to = NodeId{2}, .most_points = 50}, kNow)));
    EXPECT_EQ(answer["metric"], "rtt_ms");
    EXPECT_LE(answer["points"].size(), 50U);
    EXPECT_GE(answer["points"].size(), 40U);
    EXPECT_EQ(answer["points"][0]["least"], 20);
    EXPECT_NEAR(answer["trend"]["per_hour"].get<double>(), 10, 0.2);
    EXPECT_GT(answer["trend"]["fit"].get<double>(), 0.99);

    const auto of_node = nlohmann::json::parse(granted(history_answer(**store, {.from = NodeId{1}}, kNow)));
    EXPECT_EQ(of_node["metric"], "cpu_percent");
    EXPECT_TRUE(of_node["to"].is_null() && of_node["trend"].is_null() && of_node["points"].empty());
}

TEST(HistoryAnswer, RefusesWhatMakesNoSense) {
    const SqliteTestStore backing;
    const auto store = backing.open({});
    ASSERT_TRUE(store);
    const auto refused = [&](const HistoryRequest& request) {
        return fault_of(history_answer(**store, request, kNow)) == StoreFault::refused;
    };
    EXPECT_TRUE(refused({}));
    EXPECT_TRUE(refused({.from = NodeId{1}, .metric = "latency"}));
    EXPECT_TRUE(refused({.from = NodeId{1}, .metric = "rtt_ms"})) << "a link's";
    EXPECT_TRUE(refused({.from = NodeId{1}, .to = NodeId{2}, .metric = "cpu_percent"})) << "a node's";
    EXPECT_TRUE(history_answer(**store, {.from = NodeId{1}, .metric = "bandwidth_bps"}, kNow)) << "both have one";
    EXPECT_TRUE(history_answer(**store, {.from = NodeId{1}, .to = NodeId{2}, .metric = "bandwidth_bps"}, kNow));
    EXPECT_TRUE(refused({.from = NodeId{1}, .last = hours{0}}));
    EXPECT_TRUE(refused({.from = NodeId{1}, .most_points = 0}));
    EXPECT_TRUE(refused({.from = NodeId{1}, .most_points = kMostHistoryPoints + 1}));
}

}  // namespace
}  // namespace izar
