#include "ctrl/controller/sample_record.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "ctrl/store/testing/test_store.h"

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

// Each column at its bound, in the database that is strict about it.
TEST(SampleRecord, WhateverANodeSaysFitsItsColumns) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    control::SystemSample sample;
    sample.set_cpu_cores(std::numeric_limits<std::uint32_t>::max());
    sample.set_cpu_cache_kib(std::numeric_limits<std::uint32_t>::max());
    sample.set_cpu_mhz(std::numeric_limits<double>::max());
    sample.set_load1(-std::numeric_limits<double>::max());
    sample.set_load5(std::numeric_limits<double>::quiet_NaN());
    for (auto set : {&control::SystemSample::set_memory_total_bytes, &control::SystemSample::set_disk_total_bytes,
                     &control::SystemSample::set_network_bytes_sent, &control::SystemSample::set_network_bytes_received,
                     &control::SystemSample::set_network_packets_sent,
                     &control::SystemSample::set_network_packets_received, &control::SystemSample::set_uptime_s}) {
        (sample.*set)(kMost);
    }
    std::string text(254, 'x');
    for (int i = 0; i < 10; ++i) {
        text += "\xE2\x82\xAC";  // the euro sign, whose bytes the 255th falls between
    }
    sample.set_hostname(text);
    const SystemInfo row = sample_record(sample, *IpAddress::parse("10.0.0.1"), kNow);
    EXPECT_EQ(row.hostname, std::string(254, 'x'));
    const MariadbTestStore backing;
    const auto store = backing.open({});
    ASSERT_TRUE(store) << store.error().text;
    const auto written = (*store)->write_system_info(std::vector{row}, kNow);
    ASSERT_TRUE(written) << written.error().text;
    EXPECT_EQ((*store)->latest_system_info()->size(), 1U);
}

TEST(LinkMetrics, HaveOneRowForEachMeasuredLink) {
    std::map<NodeId, FleetNode> nodes;
    for (const std::uint16_t id : {1, 2, 3}) {
        nodes[NodeId{id}].overlay_address = *IpAddress::parse("10.0.0." + std::to_string(id));
    }
    FeedLink good{.from = NodeId{1}, .to = NodeId{2}, .rtt = std::chrono::microseconds{12'500}, .count = 3};
    good.bandwidth.capacity = BitRate{500'000'000};
    FeedLink dead{.from = NodeId{1}, .to = NodeId{3}, .reachable = false};
    FeedLink stranger = good;
    stranger.to = NodeId{9};  // a node that left
    FeedLink back = good;
    std::swap(back.from, back.to);
    back.bandwidth.capacity = kNoRate;
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
    EXPECT_EQ(metrics[0].c, 500) << "Mbit/s";
    EXPECT_EQ(metrics[1].c, std::nullopt) << "not configured";
    EXPECT_EQ(metrics[1].cpu_mean, 0) << "nothing is known of node 1";
}

}  // namespace
}  // namespace izar
