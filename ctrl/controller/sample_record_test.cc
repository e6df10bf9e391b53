#include "ctrl/controller/sample_record.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <limits>

namespace izar {
namespace {

const WallTime kNow{std::chrono::seconds{1'790'000'000}};

TEST(SampleRecord, FillsColumnsAndBoundsWhatANodeSays) {
    control::SystemSample sample;
    sample.set_cpu_cores(4);
    sample.set_cpu_usage_percent(std::numeric_limits<double>::infinity());
    sample.set_load1(0.5);
    sample.set_memory_total_bytes(1'000);
    sample.set_memory_available_bytes(250);
    sample.set_disk_total_bytes(100);
    sample.set_disk_free_bytes(1'000);
    sample.set_hostname(std::string(1'000, 'h'));
    const SystemInfo row = sample_record(sample, *IpAddress::parse("10.0.0.1"), kNow);
    EXPECT_EQ(row.ip, "10.0.0.1");
    EXPECT_EQ(row.cpu_cores, 4U);
    EXPECT_EQ(row.cpu_usage, 0);
    EXPECT_EQ(row.load1, 0.5);
    EXPECT_EQ(row.memory_used, 750U);
    EXPECT_DOUBLE_EQ(row.memory_used_percent, 75);
    EXPECT_EQ(row.disk_used, 0U);
    EXPECT_EQ(row.hostname.size(), 255U);
    EXPECT_EQ(row.timestamp, kNow);
}

TEST(LinkMetrics, HaveOneRowForEachMeasuredLink) {
    std::map<NodeId, FleetNode> nodes;
    for (const std::uint16_t id : {1, 2, 3}) {
        nodes[NodeId{id}].overlay_address = *IpAddress::parse("10.0.0." + std::to_string(id));
    }
    FeedLink good{.from = NodeId{1}, .to = NodeId{2}, .rtt = std::chrono::microseconds{12'500}, .count = 3};
    FeedLink dead{.from = NodeId{1}, .to = NodeId{3}, .reachable = false};
    FeedLink stranger = good;
    stranger.to = NodeId{9};  // a node that left
    FeedLink back = good;
    std::swap(back.from, back.to);
    const std::map<NodeId, NodeLoad> loads{
        {NodeId{2}, {.cpu_percent = 60, .cpu_variance = 4, .mean_queue = 3, .variance_queue = 1}}};
    const auto metrics = link_metrics(std::vector{good, dead, stranger, back}, nodes, loads, kNow);
    ASSERT_EQ(metrics.size(), 2U);
    EXPECT_EQ(metrics[0].source_ip, "10.0.0.1");
    EXPECT_EQ(metrics[0].destination_ip, "10.0.0.2");
    EXPECT_DOUBLE_EQ(metrics[0].link_latency, 12.5);
    EXPECT_EQ(metrics[0].cpu_mean, 60);
    EXPECT_EQ(metrics[0].cpu_variance, 4);
    EXPECT_EQ(metrics[0].virtual_queue_cpu_mean, 3);
    EXPECT_EQ(metrics[0].virtual_queue_cpu_variance, 1);
    EXPECT_EQ(metrics[1].cpu_mean, 0) << "nothing is known of node 1";
}

}  // namespace
}  // namespace izar
