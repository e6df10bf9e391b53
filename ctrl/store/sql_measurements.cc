#include <fmt/format.h>

#include "ctrl/store/sql_store.h"
#include "ctrl/store/wall_text.h"

namespace izar {
namespace {

constexpr std::string_view kSampleColumns =
    "ip, cpu_cores, cpu_model_name, cpu_mhz, cpu_cache_size, cpu_usage, memory_total, memory_available, memory_used,"
    " memory_used_percent, disk_device, disk_total, disk_free, disk_used, disk_used_percent, network_interface_name,"
    " network_bytes_sent, network_bytes_recv, network_packets_sent, network_packets_recv, hostname, os, platform,"
    " platform_version, uptime, load1, load5, load15, timestamp";

std::int64_t whole(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

WallTime loaded_text(const std::string& text) {
    return parse_wall_time(text).value_or(WallTime{});
}

// Cursor over a row's columns, in the order of kSampleColumns.
class Columns {
  public:
    explicit Columns(const SqlRow& row) : row_(row) {}
    void take(std::string& out) { out = row_.text(next_++); }
    void take(double& out) { out = row_.number(next_++); }
    void take(std::uint32_t& out) { out = static_cast<std::uint32_t>(row_.integer(next_++)); }
    void take(std::uint64_t& out) { out = static_cast<std::uint64_t>(row_.integer(next_++)); }
    void take(WallTime& out) { out = loaded_text(row_.text(next_++)); }

  private:
    const SqlRow& row_;
    std::size_t next_ = 0;
};

SystemInfo sample_of(const SqlRow& row) {
    SystemInfo s;
    Columns columns(row);
    const auto take = [&](auto&... fields) { (columns.take(fields), ...); };
    take(s.ip, s.cpu_cores, s.cpu_model_name, s.cpu_mhz, s.cpu_cache_size, s.cpu_usage, s.memory_total,
         s.memory_available, s.memory_used, s.memory_used_percent, s.disk_device, s.disk_total, s.disk_free,
         s.disk_used, s.disk_used_percent, s.network_interface_name, s.network_bytes_sent, s.network_bytes_recv,
         s.network_packets_sent, s.network_packets_recv, s.hostname, s.os, s.platform, s.platform_version, s.uptime,
         s.load1, s.load5, s.load15, s.timestamp);
    return s;
}

std::vector<RegionProbe> read_probes(Transaction& transaction, std::string_view rest, const SqlValues& values) {
    std::vector<RegionProbe> out;
    for (const SqlRow& row : transaction.query(
             fmt::format("SELECT source_ip, source_region, target_ip, target_region, tcp_delay, probe_time FROM"
                         " region_probe_info {}",
                         rest),
             values)) {
        out.push_back({.source_ip = row.text(0),
                       .source_region = row.text(1),
                       .target_ip = row.text(2),
                       .target_region = row.text(3),
                       .tcp_delay = static_cast<std::uint32_t>(row.integer(4)),
                       .probe_time = loaded_text(row.text(5))});
    }
    return out;
}

std::vector<LinkMetric> read_link_metrics(Transaction& transaction, std::string_view condition,
                                          const SqlValues& values) {
    std::vector<LinkMetric> out;
    for (const SqlRow& row : transaction.query(
             fmt::format("SELECT source_ip, destination_ip, link_latency, cpu_mean, cpu_variance,"
                         " virtual_queue_cpu_mean, virtual_queue_cpu_variance, C, updated_at FROM network_metrics {}"
                         " ORDER BY source_ip, destination_ip",
                         condition),
             values)) {
        LinkMetric metric{.source_ip = row.text(0), .destination_ip = row.text(1)};
        metric.link_latency = row.number(2);
        metric.cpu_mean = row.number(3);
        metric.cpu_variance = row.number(4);
        metric.virtual_queue_cpu_mean = row.number(5);
        metric.virtual_queue_cpu_variance = row.number(6);
        if (!row.is_null(7)) {
            metric.c = static_cast<std::int32_t>(row.integer(7));
        }
        metric.updated_at = loaded_text(row.text(8));
        out.push_back(std::move(metric));
    }
    return out;
}

}  // namespace

void insert_system_info(Transaction& transaction, const SystemInfo& s, WallTime now) {
    const std::string written = wall_text(now);
    transaction.run(
        "sample_written",
        fmt::format("INSERT INTO system_info ({}, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
                    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    kSampleColumns),
        {s.ip,
         whole(s.cpu_cores),
         s.cpu_model_name,
         s.cpu_mhz,
         whole(s.cpu_cache_size),
         s.cpu_usage,
         whole(s.memory_total),
         whole(s.memory_available),
         whole(s.memory_used),
         s.memory_used_percent,
         s.disk_device,
         whole(s.disk_total),
         whole(s.disk_free),
         whole(s.disk_used),
         s.disk_used_percent,
         s.network_interface_name,
         whole(s.network_bytes_sent),
         whole(s.network_bytes_recv),
         whole(s.network_packets_sent),
         whole(s.network_packets_recv),
         s.hostname,
         s.os,
         s.platform,
         s.platform_version,
         whole(s.uptime),
         s.load1,
         s.load5,
         s.load15,
         wall_text(s.timestamp),
         written,
         written});
}

void insert_region_probe(Transaction& transaction, const RegionProbe& probe) {
    transaction.run("probe_written",
                    "INSERT INTO region_probe_info (source_ip, source_region, target_ip, target_region, tcp_delay,"
                    " probe_time) VALUES (?, ?, ?, ?, ?, ?)",
                    {probe.source_ip, probe.source_region, probe.target_ip, probe.target_region,
                     std::int64_t{probe.tcp_delay}, wall_text(probe.probe_time)});
}

void put_link_metric(Transaction& transaction, const LinkMetric& metric) {
    const SqlValue c = metric.c ? SqlValue{std::int64_t{*metric.c}} : SqlValue{};
    transaction.run(
        "metric_written",
        "INSERT INTO network_metrics (source_ip, destination_ip, link_latency, cpu_mean, cpu_variance,"
        " virtual_queue_cpu_mean, virtual_queue_cpu_variance, C, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" +
            sql_on_conflict(transaction.dialect(), "source_ip, destination_ip") +
            sql_take_incoming(transaction.dialect(),
                              {"link_latency", "cpu_mean", "cpu_variance", "virtual_queue_cpu_mean",
                               "virtual_queue_cpu_variance", "C", "updated_at"}),
        {metric.source_ip, metric.destination_ip, metric.link_latency, metric.cpu_mean, metric.cpu_variance,
         metric.virtual_queue_cpu_mean, metric.virtual_queue_cpu_variance, c, wall_text(metric.updated_at)});
}

StoreResult<void> SqlStore::write_system_info(std::span<const SystemInfo> samples, WallTime now) {
    Transaction transaction = writing("write_system_info", Durability::relaxed);
    for (const SystemInfo& sample : samples) {
        insert_system_info(transaction, sample, now);
    }
    return transaction.finish();
}

StoreResult<std::vector<SystemInfo>> SqlStore::latest_system_info() {
    Transaction transaction = reading();
    std::vector<SystemInfo> out;
    // From one ip to the next along the index, so that the cost is that of the nodes, not of all their samples.
    for (const SqlRow& row : transaction.query(
             fmt::format("WITH RECURSIVE nodes (node_ip) AS (SELECT MIN(ip) FROM system_info UNION ALL SELECT (SELECT"
                         " MIN(ip) FROM system_info WHERE ip > node_ip) FROM nodes WHERE node_ip IS NOT NULL)"
                         " SELECT {} FROM nodes JOIN system_info ON id = (SELECT MAX(id) FROM system_info WHERE"
                         " ip = node_ip) ORDER BY ip",
                         kSampleColumns),
             {})) {
        out.push_back(sample_of(row));
    }
    return transaction.finish(std::move(out));
}

StoreResult<void> SqlStore::write_region_probes(std::span<const RegionProbe> probes) {
    Transaction transaction = writing("write_region_probes", Durability::relaxed);
    for (const RegionProbe& probe : probes) {
        insert_region_probe(transaction, probe);
    }
    return transaction.finish();
}

StoreResult<std::vector<RegionProbe>> SqlStore::region_probes(WallTime since) {
    Transaction transaction = reading();
    auto out = read_probes(transaction, "WHERE probe_time >= ? ORDER BY probe_time, id", {wall_text(since)});
    return transaction.finish(std::move(out));
}

StoreResult<std::vector<RegionProbe>> SqlStore::newest_region_probes(std::size_t most) {
    Transaction transaction = reading();
    auto out = read_probes(transaction, fmt::format("ORDER BY probe_time DESC, id DESC LIMIT {}", most), {});
    return transaction.finish(std::move(out));
}

StoreResult<void> SqlStore::write_link_metrics(std::span<const LinkMetric> metrics, std::span<const LinkEnds> dead) {
    Transaction transaction = writing("write_link_metrics", Durability::relaxed);
    for (const LinkEnds& ends : dead) {
        transaction.run("dead_link_dropped", "DELETE FROM network_metrics WHERE source_ip = ? AND destination_ip = ?",
                        {ends.source_ip, ends.destination_ip});
    }
    for (const LinkMetric& metric : metrics) {
        put_link_metric(transaction, metric);
    }
    return transaction.finish();
}

StoreResult<std::vector<LinkMetric>> SqlStore::link_metrics() {
    Transaction transaction = reading();
    auto out = read_link_metrics(transaction, "", {});
    return transaction.finish(std::move(out));
}

StoreResult<std::vector<LinkMetric>> SqlStore::link_metrics_from(std::string_view source_ip) {
    Transaction transaction = reading();
    auto out = read_link_metrics(transaction, "WHERE source_ip = ?", {std::string(source_ip)});
    return transaction.finish(std::move(out));
}

}  // namespace izar
