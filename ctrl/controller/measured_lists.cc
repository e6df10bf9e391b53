#include "ctrl/controller/measured_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "ctrl/controller/operator_lists.h"

namespace izar {
namespace {

using Json = nlohmann::json;

// Names of nodes by their addresses as the tables spell them; null of an address that is no node's.
class NodeNames {
  public:
    explicit NodeNames(const DesiredState& desired) {
        for (const auto& [id, record] : desired.records()) {
            if (record.state != NodeState::revoked) {
                names_.emplace(record.address.text(), record.name);
            }
        }
    }
    Json of(const std::string& address) const {
        const auto found = names_.find(address);
        return found == names_.end() ? Json(nullptr) : Json(found->second);
    }

  private:
    std::map<std::string, std::string> names_;
};

// The address of the node that a request names by its name, id or address; empty: it names none.
Answered<std::string> wanted_address(const Controller& controller, OperatorRequest& request) {
    const std::string wanted = request.has("node") ? request.node("node") : "";
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    if (const auto address = IpAddress::parse(wanted); wanted.empty() || address) {
        return wanted.empty() ? wanted : address->text();
    }
    const auto record = controller.desired().records().find(controller.desired().find(wanted));
    if (record == controller.desired().records().end()) {
        return operator_fail(OperatorFault::missing,
                             fmt::format("there is no node '{}'; `izar nodes` lists them", wanted));
    }
    return record->second.address.text();
}

// When, and how long ago that is; a table written by a clock ahead of ours says 0.
void add_time(Json& row, const char* key, WallTime at, WallTime now) {
    row[key] = seconds_since_1970(at);
    row["age_s"] = std::max<std::int64_t>(0, seconds_since_1970(now) - seconds_since_1970(at));
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

// What an agent could not read is 0 in the table.
template <typename Number>
Json number_or_null(Number value, bool measured) {
    return measured ? Json(value) : Json(nullptr);
}

void add_cpu(Json& row, const SystemInfo& sample) {
    row["cpu_cores"] = number_or_null(sample.cpu_cores, sample.cpu_cores != 0);
    row["cpu_model"] = text_or_null(sample.cpu_model_name);
    row["cpu_mhz"] = number_or_null(sample.cpu_mhz, sample.cpu_mhz != 0);
    row["cpu_cache_kib"] = number_or_null(sample.cpu_cache_size, sample.cpu_cache_size != 0);
    row["cpu_percent"] = sample.cpu_usage;
    row["load1"] = sample.load1;
    row["load5"] = sample.load5;
    row["load15"] = sample.load15;
}

void add_memory(Json& row, const SystemInfo& sample) {
    const bool measured = sample.memory_total != 0;
    row["memory_total_bytes"] = number_or_null(sample.memory_total, measured);
    row["memory_available_bytes"] = number_or_null(sample.memory_available, measured);
    row["memory_used_bytes"] = number_or_null(sample.memory_used, measured);
    row["memory_used_percent"] = number_or_null(sample.memory_used_percent, measured);
}

void add_disk(Json& row, const SystemInfo& sample) {
    const bool measured = sample.disk_total != 0;
    row["disk_device"] = text_or_null(sample.disk_device);
    row["disk_total_bytes"] = number_or_null(sample.disk_total, measured);
    row["disk_free_bytes"] = number_or_null(sample.disk_free, measured);
    row["disk_used_bytes"] = number_or_null(sample.disk_used, measured);
    row["disk_used_percent"] = number_or_null(sample.disk_used_percent, measured);
}

void add_network(Json& row, const SystemInfo& sample) {
    const bool measured = !sample.network_interface_name.empty();
    row["network_interface"] = text_or_null(sample.network_interface_name);
    row["network_sent_bytes"] = number_or_null(sample.network_bytes_sent, measured);
    row["network_received_bytes"] = number_or_null(sample.network_bytes_recv, measured);
    row["network_sent_packets"] = number_or_null(sample.network_packets_sent, measured);
    row["network_received_packets"] = number_or_null(sample.network_packets_recv, measured);
}

void add_machine(Json& row, const SystemInfo& sample) {
    row["hostname"] = text_or_null(sample.hostname);
    row["os"] = text_or_null(sample.os);
    row["platform"] = text_or_null(sample.platform);
    row["platform_version"] = text_or_null(sample.platform_version);
    row["uptime_s"] = number_or_null(sample.uptime, sample.uptime != 0);
}

Json probe_row(const RegionProbe& probe, const NodeNames& names, WallTime now) {
    Json row{{"from", names.of(probe.source_ip)},  {"from_address", probe.source_ip},
             {"from_region", probe.source_region}, {"to", names.of(probe.target_ip)},
             {"to_address", probe.target_ip},      {"to_region", probe.target_region},
             {"tcp_delay_ms", probe.tcp_delay}};
    add_time(row, "probed_at_s", probe.probe_time, now);
    return row;
}

// CPU and queues are of the far node, which the controller may know no sample of; all are 0 in the table then.
Json metric_row(const LinkMetric& metric, const NodeNames& names, WallTime now) {
    const bool sampled = metric.cpu_mean != 0 || metric.cpu_variance != 0 || metric.virtual_queue_cpu_mean != 0 ||
                         metric.virtual_queue_cpu_variance != 0;
    Json row{{"from", names.of(metric.source_ip)},
             {"from_address", metric.source_ip},
             {"to", names.of(metric.destination_ip)},
             {"to_address", metric.destination_ip},
             {"rtt_ms", metric.link_latency},
             {"cpu_mean_percent", number_or_null(metric.cpu_mean, sampled)},
             {"cpu_variance", number_or_null(metric.cpu_variance, sampled)},
             {"queue_cpu_mean", number_or_null(metric.virtual_queue_cpu_mean, sampled)},
             {"queue_cpu_variance", number_or_null(metric.virtual_queue_cpu_variance, sampled)},
             {"capacity_mbit_per_s", metric.c ? Json(*metric.c) : Json(nullptr)}};
    add_time(row, "updated_at_s", metric.updated_at, now);
    return row;
}

}  // namespace

Answered<Json> list_system(Controller& controller, OperatorRequest& request) {
    const auto address = wanted_address(controller, request);
    if (!address) {
        return tl::unexpected(address.error());
    }
    const auto samples = controller.store().latest_system_info();
    if (!samples) {
        return tl::unexpected<OperatorError>(samples.error());
    }
    const NodeNames names(controller.desired());
    Json rows = Json::array();
    for (const SystemInfo& sample : *samples) {
        if (!address->empty() && sample.ip != *address) {
            continue;
        }
        Json row{{"node", names.of(sample.ip)}, {"address", sample.ip}};
        add_time(row, "sampled_at_s", sample.timestamp, controller.wall_now());
        add_cpu(row, sample);
        add_memory(row, sample);
        add_disk(row, sample);
        add_network(row, sample);
        add_machine(row, sample);
        rows.push_back(std::move(row));
    }
    return Json{{"system", rows}};
}

Answered<Json> list_probes(Controller& controller, OperatorRequest& request) {
    const std::string region = request.text("region");
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    const auto probes = controller.store().newest_region_probes(kMostProbesRead);
    if (!probes) {
        return tl::unexpected<OperatorError>(probes.error());
    }
    const NodeNames names(controller.desired());
    std::set<std::pair<std::string_view, std::string_view>> told;
    Json rows = Json::array();
    for (const RegionProbe& probe : *probes) {
        const bool wanted = region.empty() || probe.source_region == region || probe.target_region == region;
        if (wanted && told.emplace(probe.source_ip, probe.target_ip).second) {
            rows.push_back(probe_row(probe, names, controller.wall_now()));
        }
    }
    return Json{{"probes", rows}};
}

Answered<Json> list_metrics(Controller& controller, OperatorRequest& request) {
    const auto address = wanted_address(controller, request);
    if (!address) {
        return tl::unexpected(address.error());
    }
    if (address->empty() && controller.desired().nodes().size() > kMostNodesWithMetrics) {
        return tl::unexpected<OperatorError>(Error{fmt::format(
            "a fleet of more than {} nodes has too many links for one answer; name a node", kMostNodesWithMetrics)});
    }
    const auto metrics =
        address->empty() ? controller.store().link_metrics() : controller.store().link_metrics_from(*address);
    if (!metrics) {
        return tl::unexpected<OperatorError>(metrics.error());
    }
    const NodeNames names(controller.desired());
    Json rows = Json::array();
    for (const LinkMetric& metric : *metrics) {
        rows.push_back(metric_row(metric, names, controller.wall_now()));
    }
    return Json{{"metrics", rows}};
}

}  // namespace izar
