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
    std::map<NodeId, std::map<NodeId, FeedLink>> rows;
    FeedLink& good = rows[NodeId{1}][NodeId{2}];
    good.rtt = std::chrono::microseconds{12'500};
    good.count = 3;
    rows[NodeId{1}][NodeId{3}].reachable = false;
    rows[NodeId{2}][NodeId{9}] = good;  // a node that left
    const auto metrics = link_metrics(rows, nodes, kNow);
    ASSERT_EQ(metrics.size(), 1U);
    EXPECT_EQ(metrics[0].source_ip, "10.0.0.1");
    EXPECT_EQ(metrics[0].destination_ip, "10.0.0.2");
    EXPECT_DOUBLE_EQ(metrics[0].link_latency, 12.5);
}

}  // namespace
}  // namespace izar
