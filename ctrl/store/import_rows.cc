#include "ctrl/store/import_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "ctrl/store/checks.h"
#include "ctrl/store/wall_text.h"

namespace izar {
namespace {

struct Table {
    std::string_view name;
    std::vector<std::string> columns;
};

const std::array<Table, 5>& tables() {
    static const std::array<Table, 5> all{
        Table{"node_region", {"id", "ip", "region", "hostname", "description", "created_at"}},
        Table{"system_info",
              {"id",
               "ip",
               "cpu_cores",
               "cpu_model_name",
               "cpu_mhz",
               "cpu_cache_size",
               "cpu_usage",
               "memory_total",
               "memory_available",
               "memory_used",
               "memory_used_percent",
               "disk_device",
               "disk_total",
               "disk_free",
               "disk_used",
               "disk_used_percent",
               "network_interface_name",
               "network_bytes_sent",
               "network_bytes_recv",
               "network_packets_sent",
               "network_packets_recv",
               "hostname",
               "os",
               "platform",
               "platform_version",
               "uptime",
               "load1",
               "load5",
               "load15",
               "timestamp",
               "created_at",
               "updated_at"}},
        Table{"region_probe_info",
              {"id", "source_ip", "source_region", "target_ip", "target_region", "tcp_delay", "probe_time"}},
        Table{"network_metrics",
              {"id", "source_ip", "destination_ip", "link_latency", "cpu_mean", "cpu_variance",
               "virtual_queue_cpu_mean", "virtual_queue_cpu_variance", "c", "updated_at"}},
        Table{"domain_origin", {"domain", "origin_ip", "created_at"}},
    };
    return all;
}

constexpr std::uint64_t kMostWhole = std::numeric_limits<std::int64_t>::max();  // what both databases keep
constexpr std::uint64_t kMostInt = std::numeric_limits<std::int32_t>::max();
constexpr double kMostFloat = std::numeric_limits<float>::max();

// The columns of one row, taken by name. The first problem sticks; what is taken after it means nothing.
class RowReader {
  public:
    explicit RowReader(const ImportRow& row) : row_(row) {}

    void take(std::string_view column, std::string& out, std::size_t longest = 255) {
        const SqlLiteral* literal = need(column);
        if (literal == nullptr) {
            return;
        }
        if (auto good = check_text(column, literal->text, longest); !good) {
            return wrong(literal->mark, good.error().text);
        }
        out = literal->text;
    }
    void take_optional(std::string_view column, std::string& out, std::size_t longest = 255) {
        if (given(column) != nullptr) {
            take(column, out, longest);
        }
    }
    // An address in its shortest form.
    void take_ip(std::string_view column, std::string& out) {
        IpAddress address;
        take(column, address);
        out = address.text();
    }
    void take(std::string_view column, IpAddress& out) {
        const SqlLiteral* literal = need(column);
        if (literal == nullptr) {
            return;
        }
        const auto address = IpAddress::parse(literal->text);
        if (!address || address->is_unspecified()) {
            return wrong(literal->mark, fmt::format("{}: '{}' is no address; write it like '192.0.2.1' or "
                                                    "'2001:db8::1'",
                                                    column, literal->text.substr(0, 60)));
        }
        out = *address;
    }
    template <typename Whole>
    void take_whole(std::string_view column, Whole& out, std::uint64_t most = kMostWhole) {
        const SqlLiteral* literal = need(column);
        if (literal == nullptr) {
            return;
        }
        const char* last = literal->text.data() + literal->text.size();
        std::uint64_t value = 0;
        const auto [end, code] = std::from_chars(literal->text.data(), last, value);
        if (code != std::errc{} || end != last || value > most) {
            return wrong(literal->mark, fmt::format("{}: '{}' is no whole number from 0 to {}", column,
                                                    literal->text.substr(0, 60), most));
        }
        out = static_cast<Whole>(value);
    }
    void take(std::string_view column, double& out) {
        const SqlLiteral* literal = need(column);
        if (literal == nullptr) {
            return;
        }
        const char* last = literal->text.data() + literal->text.size();
        double value = 0;
        const auto [end, code] = std::from_chars(literal->text.data(), last, value);
        // Written so that "nan" fails.
        if (code != std::errc{} || end != last || !(std::abs(value) <= kMostFloat)) {
            return wrong(literal->mark, fmt::format("{}: '{}' is no number", column, literal->text.substr(0, 60)));
        }
        out = value;
    }
    void take_signed(std::string_view column, std::optional<std::int32_t>& out) {
        const SqlLiteral* literal = given(column);
        if (literal == nullptr) {
            return;
        }
        const char* last = literal->text.data() + literal->text.size();
        std::int32_t value = 0;
        const auto [end, code] = std::from_chars(literal->text.data(), last, value);
        if (code != std::errc{} || end != last) {
            return wrong(literal->mark,
                         fmt::format("{}: '{}' is no whole number", column, literal->text.substr(0, 60)));
        }
        out = value;
    }
    // A time that is left out is now.
    void take(std::string_view column, WallTime& out) {
        const SqlLiteral* literal = given(column);
        out = whole_seconds(row_.now);
        if (literal == nullptr || literal->kind == LiteralKind::now) {
            return;
        }
        const auto time = parse_wall_time(literal->text);
        if (!time) {
            return wrong(literal->mark, fmt::format("{}: {}", column, time.error().text));
        }
        out = whole_seconds(*time);
    }
    // A name of ours, or a problem at its column.
    void take_name(std::string_view column, std::string& out) {
        take(column, out);
        const SqlLiteral* literal = given(column);
        if (literal != nullptr) {
            if (auto good = check_name(column, out); !good) {
                wrong(literal->mark, good.error().text);
            }
        }
    }
    void wrong(SourceMark mark, std::string text) {
        if (!problem_) {
            problem_ = ImportProblem{mark, std::move(text)};
        }
    }
    const SqlLiteral* given(std::string_view column) const {
        const auto found = std::find(row_.columns.begin(), row_.columns.end(), column);
        if (found == row_.columns.end()) {
            return nullptr;
        }
        const SqlLiteral& literal = row_.values[static_cast<std::size_t>(found - row_.columns.begin())];
        return literal.kind == LiteralKind::null ? nullptr : &literal;
    }
    tl::expected<void, ImportProblem> result() const {
        return problem_ ? tl::unexpected(*problem_) : tl::expected<void, ImportProblem>{};
    }

  private:
    const SqlLiteral* need(std::string_view column) {
        const SqlLiteral* literal = given(column);
        if (literal == nullptr) {
            wrong(row_.mark, fmt::format("this row lacks a value for {}", column));
        } else if (literal->kind == LiteralKind::now) {
            wrong(literal->mark, fmt::format("{} is no time", column));
        }
        return problem_ ? nullptr : literal;
    }

    const ImportRow& row_;
    std::optional<ImportProblem> problem_;
};

NodeDeclaration read_node(RowReader& row, SourceMark mark) {
    NodeDeclaration node;
    row.take("ip", node.address);
    row.take_name("region", node.region);
    row.take_optional("description", node.description, kMaxDescription);
    if (row.given("hostname") != nullptr) {
        row.take_name("hostname", node.name);
    } else if (node.address.family() == Family::ipv4) {
        node.name = "node-" + node.address.text();
        std::replace(node.name.begin(), node.name.end(), '.', '-');
    } else {
        row.wrong(mark, "a node with an IPv6 address needs a hostname: its address is too long for a name");
    }
    return node;
}

SystemInfo read_sample(RowReader& row) {
    SystemInfo s;
    row.take_ip("ip", s.ip);
    row.take_whole("cpu_cores", s.cpu_cores, kMostInt);
    row.take("cpu_model_name", s.cpu_model_name);
    row.take("cpu_mhz", s.cpu_mhz);
    row.take_whole("cpu_cache_size", s.cpu_cache_size, kMostInt);
    row.take("cpu_usage", s.cpu_usage);
    row.take_whole("memory_total", s.memory_total);
    row.take_whole("memory_available", s.memory_available);
    row.take_whole("memory_used", s.memory_used);
    row.take("memory_used_percent", s.memory_used_percent);
    row.take("disk_device", s.disk_device);
    row.take_whole("disk_total", s.disk_total);
    row.take_whole("disk_free", s.disk_free);
    row.take_whole("disk_used", s.disk_used);
    row.take("disk_used_percent", s.disk_used_percent);
    row.take("network_interface_name", s.network_interface_name);
    row.take_whole("network_bytes_sent", s.network_bytes_sent);
    row.take_whole("network_bytes_recv", s.network_bytes_recv);
    row.take_whole("network_packets_sent", s.network_packets_sent);
    row.take_whole("network_packets_recv", s.network_packets_recv);
    row.take("hostname", s.hostname);
    row.take("os", s.os);
    row.take("platform", s.platform);
    row.take("platform_version", s.platform_version);
    row.take_whole("uptime", s.uptime);
    row.take("load1", s.load1);
    row.take("load5", s.load5);
    row.take("load15", s.load15);
    row.take("timestamp", s.timestamp);
    return s;
}

RegionProbe read_probe(RowReader& row) {
    RegionProbe probe;
    row.take_ip("source_ip", probe.source_ip);
    row.take_name("source_region", probe.source_region);
    row.take_ip("target_ip", probe.target_ip);
    row.take_name("target_region", probe.target_region);
    row.take_whole("tcp_delay", probe.tcp_delay, kMostInt);
    row.take("probe_time", probe.probe_time);
    return probe;
}

LinkMetric read_metric(RowReader& row) {
    LinkMetric metric;
    row.take_ip("source_ip", metric.source_ip);
    row.take_ip("destination_ip", metric.destination_ip);
    row.take("link_latency", metric.link_latency);
    row.take("cpu_mean", metric.cpu_mean);
    row.take("cpu_variance", metric.cpu_variance);
    row.take("virtual_queue_cpu_mean", metric.virtual_queue_cpu_mean);
    row.take("virtual_queue_cpu_variance", metric.virtual_queue_cpu_variance);
    row.take_signed("c", metric.c);
    row.take("updated_at", metric.updated_at);
    return metric;
}

std::pair<std::string, IpAddress> read_domain(RowReader& row) {
    std::pair<std::string, IpAddress> out;
    row.take("domain", out.first);
    row.take("origin_ip", out.second);
    if (const SqlLiteral* literal = row.given("domain")) {
        auto domain = checked_domain(literal->text);
        if (!domain) {
            row.wrong(literal->mark, domain.error().text);
        } else {
            out.first = std::move(*domain);
        }
    }
    return out;
}

}  // namespace

std::span<const std::string> import_columns(std::string_view table) {
    const auto* found =
        std::find_if(tables().begin(), tables().end(), [&](const Table& each) { return each.name == table; });
    return found == tables().end() ? std::span<const std::string>{} : std::span<const std::string>(found->columns);
}

tl::expected<void, ImportProblem> add_row(std::string_view table, const ImportRow& row, Inventory& inventory) {
    RowReader reader(row);
    if (table == "node_region") {
        inventory.nodes.push_back(read_node(reader, row.mark));
    } else if (table == "system_info") {
        inventory.system_info.push_back(read_sample(reader));
    } else if (table == "region_probe_info") {
        inventory.region_probes.push_back(read_probe(reader));
    } else if (table == "network_metrics") {
        inventory.link_metrics.push_back(read_metric(reader));
    } else {
        inventory.domains.push_back(read_domain(reader));
    }
    return reader.result();
}

}  // namespace izar
