#include "ctrl/controller/sample_record.h"

#include <control.pb.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace izar {
namespace {

// MariaDB refuses a round of samples as a whole for one value that its column cannot hold.
constexpr std::size_t kLongestText = 255;  // bytes; a column has as many characters
constexpr std::uint32_t kMostCount = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int64_t>::max();

// Cut before a character (RFC 3629: a byte 10xxxxxx goes on with one), never inside.
std::string column(const std::string& text) {
    std::size_t end = std::min(text.size(), kLongestText);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

double column(double value) {
    constexpr double kMost = std::numeric_limits<float>::max();
    return std::isfinite(value) ? std::clamp(value, -kMost, kMost) : 0;
}

std::uint32_t column(std::uint32_t value) {
    return std::min(value, kMostCount);
}

std::uint64_t column(std::uint64_t value) {
    return std::min(value, kMostBytes);
}

// None: it was not told.
std::optional<std::int32_t> whole_mbits(BitRate rate) {
    constexpr std::uint64_t kMega = 1'000'000;
    if (rate == kNoRate) {
        return std::nullopt;
    }
    return static_cast<std::int32_t>(std::min<std::uint64_t>(raw(rate) / kMega, kMostCount));
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

SystemInfo sample_record(const control::SystemSample& sample, const IpAddress& address, WallTime now) {
    SystemInfo out;
    out.ip = address.text();
    out.cpu_cores = column(sample.cpu_cores());
    out.cpu_model_name = column(sample.cpu_model_name());
    out.cpu_mhz = column(sample.cpu_mhz());
    out.cpu_cache_size = column(sample.cpu_cache_kib());
    out.cpu_usage = std::clamp(column(sample.cpu_usage_percent()), 0.0, 100.0);
    out.memory_total = column(sample.memory_total_bytes());
    out.memory_available = std::min(sample.memory_available_bytes(), out.memory_total);
    out.memory_used = out.memory_total - out.memory_available;
    out.memory_used_percent = percent(out.memory_used, out.memory_total);
    out.disk_device = column(sample.disk_device());
    out.disk_total = column(sample.disk_total_bytes());
    out.disk_free = std::min(sample.disk_free_bytes(), out.disk_total);
    out.disk_used = out.disk_total - out.disk_free;
    out.disk_used_percent = percent(out.disk_used, out.disk_total);
    out.network_interface_name = column(sample.network_interface_name());
    out.network_bytes_sent = column(sample.network_bytes_sent());
    out.network_bytes_recv = column(sample.network_bytes_received());
    out.network_packets_sent = column(sample.network_packets_sent());
    out.network_packets_recv = column(sample.network_packets_received());
    out.hostname = column(sample.hostname());
    out.os = column(sample.os());
    out.platform = column(sample.platform());
    out.platform_version = column(sample.platform_version());
    out.uptime = column(sample.uptime_s());
    out.load1 = column(sample.load1());
    out.load5 = column(sample.load5());
    out.load15 = column(sample.load15());
    out.timestamp = now;
    return out;
}

std::vector<LinkEnds> dead_links(std::span<const FeedLink> links, const std::map<NodeId, FleetNode>& nodes) {
    std::vector<LinkEnds> out;
    for (const FeedLink& link : links) {
        const auto near = nodes.find(link.from);
        const auto far = nodes.find(link.to);
        if (near != nodes.end() && far != nodes.end() && !link.reachable) {
            out.push_back({near->second.overlay_address.text(), far->second.overlay_address.text()});
        }
    }
    return out;
}

std::vector<LinkMetric> link_metrics(std::span<const FeedLink> links, const std::map<NodeId, FleetNode>& nodes,
                                     const std::map<NodeId, NodeLoad>& loads, WallTime now) {
    std::vector<LinkMetric> out;
    for (const FeedLink& link : links) {
        const auto near = nodes.find(link.from);
        const auto far = nodes.find(link.to);
        if (near == nodes.end() || far == nodes.end() || !link.reachable || link.count == 0) {
            continue;
        }
        LinkMetric metric;
        metric.source_ip = near->second.overlay_address.text();
        metric.destination_ip = far->second.overlay_address.text();
        metric.link_latency = static_cast<double>(link.rtt.count()) / 1e6;
        metric.c = whole_mbits(link.bandwidth.capacity);
        if (const auto load = loads.find(link.to); load != loads.end()) {
            metric.cpu_mean = load->second.cpu_percent;
            metric.cpu_variance = load->second.cpu_variance;
            metric.virtual_queue_cpu_mean = load->second.mean_queue;
            metric.virtual_queue_cpu_variance = load->second.variance_queue;
        }
        metric.updated_at = now;
        out.push_back(metric);
    }
    return out;
}

}  // namespace izar
