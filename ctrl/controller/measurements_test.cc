#include "ctrl/controller/measurements.h"

#include <gtest/gtest.h>

#include "ctrl/store/testing/test_store.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

class MeasurementsTest : public testing::Test {
  protected:
    void SetUp() override {
        store = std::move(*backing.open({}));
        for (const std::uint16_t id : {1, 2}) {
            nodes[NodeId{id}].overlay_address = *IpAddress::parse("10.0.0." + std::to_string(id));
        }
        rows.set({.from = NodeId{1}, .to = NodeId{2}, .rtt = milliseconds{20}, .count = 9});
    }
    static SystemInfo sample(int node, double cpu, WallTime at) {
        SystemInfo out;
        out.ip = "10.0.0." + std::to_string(node);
        out.cpu_usage = cpu;
        out.timestamp = at;
        return out;
    }
    std::vector<HistoryPoint> history(NodeId from, NodeId to, HistoryMetric metric) {
        return store->history({{from, to}, metric, kNow - minutes{5}, kNow + minutes{5}}).value();
    }

    SqliteTestStore backing;
    std::unique_ptr<Store> store;
    std::map<NodeId, FleetNode> nodes;
    LinkRows rows;
};

TEST_F(MeasurementsTest, ARoundWritesSamplesLinksAndHistory) {
    Measurements measurements(*store);
    measurements.take_sample(NodeId{2}, sample(2, 30, kNow));
    ASSERT_TRUE(measurements.write_round(rows, nodes, kNow));
    ASSERT_EQ(store->latest_system_info()->size(), 1U);
    EXPECT_EQ(store->latest_system_info()->at(0).ip, "10.0.0.2");
    ASSERT_EQ(store->link_metrics()->size(), 1U);
    EXPECT_EQ(store->link_metrics()->at(0).link_latency, 20);
    EXPECT_EQ(store->link_metrics()->at(0).cpu_mean, 30);
    ASSERT_EQ(history(NodeId{1}, NodeId{2}, HistoryMetric::rtt_ms).size(), 1U);
    EXPECT_EQ(history(NodeId{1}, NodeId{2}, HistoryMetric::rtt_ms)[0].mean, 20);
    EXPECT_EQ(history(NodeId{1}, NodeId{2}, HistoryMetric::loss_ratio)[0].mean, 0);
    EXPECT_EQ(history(NodeId{2}, kNoNode, HistoryMetric::cpu_percent)[0].mean, 30);
}

TEST_F(MeasurementsTest, DeadLinksAndThoseOfWithdrawnNodesHaveNoRow) {
    Measurements measurements(*store);
    rows.set({.from = NodeId{2}, .to = NodeId{1}, .rtt = milliseconds{21}, .count = 9});
    ASSERT_TRUE(measurements.write_round(rows, nodes, kNow));
    ASSERT_EQ(store->link_metrics()->size(), 2U);
    rows.set({.from = NodeId{1}, .to = NodeId{2}, .reachable = false, .rtt = milliseconds{20}, .count = 9});
    ASSERT_TRUE(measurements.write_round(rows, nodes, kNow + seconds{5}));
    ASSERT_EQ(store->link_metrics()->size(), 1U);
    EXPECT_EQ(store->link_metrics()->at(0).source_ip, "10.0.0.2");
    measurements.withdraw(NodeId{2});
    ASSERT_TRUE(measurements.write_round({}, nodes, kNow + seconds{10}));
    EXPECT_TRUE(store->link_metrics()->empty());
}

// What was told is written with the round that follows, and only then.
TEST_F(MeasurementsTest, LegsGoIntoTheHistoryOfTheirNode) {
    Measurements measurements(*store);
    measurements.take_leg(NodeId{1}, {Leg::client, {.samples = 9, .mean = milliseconds{70}}});
    measurements.take_leg(NodeId{1}, {Leg::client, {.samples = 9, .mean = milliseconds{30}}});
    measurements.take_leg(NodeId{2}, {Leg::origin, {.samples = 1, .mean = std::chrono::microseconds{1'500}}});
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(measurements.write_round(rows, nodes, kNow + seconds{5 * round}));
    }
    const auto clients = history(NodeId{1}, kNoNode, HistoryMetric::client_rtt_ms);
    ASSERT_EQ(clients.size(), 1U);
    EXPECT_EQ(clients[0].count, 1U);
    EXPECT_EQ(clients[0].mean, 30) << "the newest";
    EXPECT_TRUE(history(NodeId{1}, kNoNode, HistoryMetric::origin_rtt_ms).empty());
    EXPECT_EQ(history(NodeId{2}, kNoNode, HistoryMetric::origin_rtt_ms).at(0).mean, 1.5);
}

TEST_F(MeasurementsTest, EveryRoundCountsIntoItsBucket) {
    Measurements measurements(*store);
    for (int round = 0; round < 2; ++round) {
        rows.set({.from = NodeId{1}, .to = NodeId{2}, .rtt = milliseconds{20 + 10 * round}, .count = 9});
        ASSERT_TRUE(measurements.write_round(rows, nodes, kNow + seconds{5 * round}));
    }
    const auto points = history(NodeId{1}, NodeId{2}, HistoryMetric::rtt_ms);
    ASSERT_EQ(points.size(), 1U);
    EXPECT_EQ(points[0].count, 2U);
    EXPECT_EQ(points[0].mean, 25);
}

// A node that is always busy is queued for; one that went away is not judged by what it was.
TEST_F(MeasurementsTest, BusyNodesGetAQueueAndSilentOnesAreForgotten) {
    Measurements measurements(*store);
    for (int round = 0; round < 20; ++round) {
        const WallTime at = kNow + seconds{5 * round};
        measurements.take_sample(NodeId{1}, sample(1, round % 2 == 0 ? 10 : 20, at));
        measurements.take_sample(NodeId{2}, sample(2, 90, at));
        ASSERT_TRUE(measurements.write_round(rows, nodes, at));
    }
    EXPECT_EQ(measurements.loads().at(NodeId{1}).cpu_percent, 15);
    EXPECT_EQ(measurements.loads().at(NodeId{1}).cpu_variance, 25);
    EXPECT_EQ(measurements.loads().at(NodeId{1}).mean_queue, 0);
    EXPECT_EQ(measurements.loads().at(NodeId{2}).mean_queue, 20);
    EXPECT_EQ(store->link_metrics()->at(0).virtual_queue_cpu_mean, 20);
    ASSERT_TRUE(measurements.write_round(rows, nodes, kNow + minutes{3}));
    EXPECT_TRUE(measurements.loads().empty());
    measurements.take_sample(NodeId{2}, sample(2, 10, kNow + minutes{3}));
    ASSERT_TRUE(measurements.write_round(rows, nodes, kNow + minutes{3}));
    EXPECT_EQ(measurements.loads().at(NodeId{2}).cpu_percent, 10);
}

// What a node's links carry together is a mean of the last rounds, beside its CPU; what each carries goes into history.
TEST_F(MeasurementsTest, UplinksAreJudgedByTheMeanOfWhatTheirLinksCarry) {
    Measurements measurements(*store);
    WallTime at = kNow;
    for (const std::uint64_t mbit : {0, 60, 90}) {
        rows.set_row(NodeId{1},
                     std::vector<FeedLink>{{.from = NodeId{1},
                                            .to = NodeId{2},
                                            .count = 9,
                                            .bandwidth = {BitRate{mbit * 1'000'000}, BitRate{100'000'000}, 1}}});
        measurements.take_sample(NodeId{1}, sample(1, 10, at));
        measurements.take_sample(NodeId{2}, sample(2, 10, at));
        ASSERT_TRUE(measurements.write_round(rows, nodes, at));
        at += seconds{2};
    }
    EXPECT_EQ(measurements.loads().at(NodeId{1}).used, BitRate{50'000'000});
    EXPECT_EQ(measurements.loads().at(NodeId{1}).capacity, BitRate{100'000'000});
    EXPECT_EQ(measurements.loads().at(NodeId{2}).capacity, kNoRate);
    const auto link = history(NodeId{1}, NodeId{2}, HistoryMetric::bandwidth_bps);
    ASSERT_EQ(link.size(), 1U);
    EXPECT_EQ(link[0].greatest, 90'000'000);
    EXPECT_EQ(history(NodeId{1}, kNoNode, HistoryMetric::bandwidth_bps).at(0).mean, 50'000'000);
    EXPECT_TRUE(history(NodeId{2}, kNoNode, HistoryMetric::bandwidth_bps).empty());
}

}  // namespace
}  // namespace izar
