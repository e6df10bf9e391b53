#include "dataplane/shell/render_json.h"

#include <nlohmann/json.hpp>

#include "dataplane/config/edge_config_text.h"

namespace izar {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json nullable(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json nullable_text(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json head(const NodeStatus& status) {
    return {{"node", status.name}, {"id", status.id}, {"security", status.security}};
}

// One line; bytes that are not UTF-8 are replaced rather than thrown at.
std::string line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <typename Row>
std::string rows_document(const NodeStatus& status, const char* key, const std::vector<Row>& rows,
                          Json (*to_json)(const Row&)) {
    Json out = head(status);
    Json list = Json::array();
    for (const Row& row : rows) {
        list.push_back(to_json(row));
    }
    out[key] = std::move(list);
    return line(out);
}

Json totals_json(const Totals& t) {
    return {{"rx", t.rx},
            {"made", t.made},
            {"tx", t.tx},
            {"dropped", t.dropped},
            {"consumed", t.consumed},
            {"held", t.held},
            {"handed_in", t.handed_in},
            {"handed_out", t.handed_out},
            {"accounted", t.accounted}};
}

Json port_info_json(const PortInfo& p) {
    return {{"port", p.port},
            {"name", p.name},
            {"device", p.device},
            {"driver", nullable_text(p.driver)},
            {"mac", p.mac},
            {"mtu_bytes", p.mtu},
            {"link_up", p.link_up},
            {"speed_mbps", nullable(p.speed_mbps)},
            {"numa_node", nullable(p.numa_node)},
            {"rx_queues", p.rx_queues},
            {"tx_queues", p.tx_queues},
            {"addresses", p.addresses}};
}

Json port_stats_json(const PortStats& p) {
    return {{"port", p.port},
            {"name", p.name},
            {"rx_packets", p.rx_packets},
            {"rx_bytes", p.rx_bytes},
            {"rx_missed", p.rx_missed},
            {"rx_errors", p.rx_errors},
            {"rx_no_buffer", p.rx_no_buffer},
            {"tx_packets", p.tx_packets},
            {"tx_bytes", p.tx_bytes},
            {"tx_errors", p.tx_errors},
            {"rx_pps", nullable(p.rx_pps)},
            {"tx_pps", nullable(p.tx_pps)}};
}

Json lcore_json(const LcoreRow& l) {
    return {{"lcore", l.lcore},
            {"cpu", nullable(l.cpu)},
            {"numa_node", nullable(l.numa_node)},
            {"napping", l.napping},
            {"cycles_per_packet", nullable(l.cycles_per_packet)},
            {"busy_ratio", nullable(l.busy_ratio)},
            {"packets_per_burst", nullable(l.packets_per_burst)},
            {"packets", l.totals.rx + l.totals.made},
            {"busy_cycles", l.busy_cycles},
            {"pauses", l.pauses},
            {"longest_pause_ms", nullable(l.longest_pause_ms)},
            {"totals", totals_json(l.totals)}};
}

Json link_json(const LinkRow& l) {
    return {{"peer", l.peer},
            {"peer_id", l.peer_id},
            {"address", l.address},
            {"state", l.state},
            {"rtt_ms", nullable(l.rtt_ms)},
            {"rtt_min_ms", nullable(l.rtt_min_ms)},
            {"rtt_p99_ms", nullable(l.rtt_p99_ms)},
            {"rtt_variation_ms", nullable(l.rtt_variation_ms)},
            {"loss_ratio", nullable(l.loss_ratio)},
            {"reordered", nullable(l.reordered)},
            {"mtu_bytes", nullable(l.mtu)},
            {"rx_packets", l.rx_packets},
            {"tx_packets", l.tx_packets},
            {"used_bps", nullable(l.used_bps)},
            {"capacity_bps", nullable(l.capacity_bps)},
            {"last_heard_ms", nullable(l.last_heard_ms)},
            {"detection_ms", nullable(l.detection_ms)},
            {"key_epoch", nullable(l.key_epoch)},
            {"changes", l.changes},
            {"last_change_ms", nullable(l.last_change_ms)},
            {"why", nullable_text(l.why)}};
}

Json path_json(const PathRow& p) {
    return {{"destination", p.destination},
            {"policy", p.policy},
            {"segments", p.segments},
            {"predicted_rtt_ms", nullable(p.predicted_rtt_ms)},
            {"measured_rtt_ms", nullable(p.measured_rtt_ms)},
            {"backup", p.backup.empty() ? Json(nullptr) : Json(p.backup)},
            {"share", p.share},
            {"why", nullable_text(p.why)}};
}

Json candidate_json(const CandidateRow& c) {
    Json links = Json::array();
    for (const CandidateLink& l : c.links) {
        links.push_back({{"from", l.from},
                         {"to", l.to},
                         {"state", l.state},
                         {"stale", l.stale},
                         {"age_ms", nullable(l.age_ms)},
                         {"samples", l.samples},
                         {"epoch", l.epoch},
                         {"delay_ms", l.delay_ms},
                         {"loss_ms", l.loss_ms},
                         {"load_ms", l.load_ms},
                         {"hold_ms", l.hold_ms}});
    }
    return {{"links", std::move(links)},
            {"cost_ms", nullable(c.cost_ms)},
            {"in_use", c.in_use},
            {"is_backup", c.is_backup},
            {"why_not", c.why_not.empty() ? Json() : Json(c.why_not)}};
}

Json weighted_json(const std::vector<WeightedName>& names) {
    Json out = Json::array();
    for (const WeightedName& each : names) {
        out.push_back({{"name", each.name}, {"weight", each.weight}, {"reachable", each.reachable}});
    }
    return out;
}

Json leg_json(const std::optional<LegRtt>& leg) {
    if (!leg) {
        return nullptr;
    }
    return {{"rtt_ms", leg->rtt_ms},
            {"least_ms", leg->least_ms},
            {"variation_ms", leg->variation_ms},
            {"samples", leg->samples},
            {"age_ms", leg->age_ms}};
}

Json service_json(const ServiceRow& s) {
    return {{"id", s.id},
            {"name", s.name},
            {"vip", s.vip},
            {"protocol", s.protocol},
            {"ports", nullable_text(s.ports)},
            {"policy", s.policy},
            {"flows", nullable(s.flows)},
            {"egresses", weighted_json(s.egresses)},
            {"origins", weighted_json(s.origins)},
            {"client_leg", leg_json(s.client_leg)},
            {"client_leg_in_flow", leg_json(s.client_leg_in_flow)},
            {"origin_leg_in_flow", leg_json(s.origin_leg_in_flow)},
            {"origin_leg", leg_json(s.origin_leg)}};
}

Json flow_json(const FlowRow& f) {
    return {{"service", f.service},
            {"protocol", f.protocol},
            {"client", f.client},
            {"vip", f.vip},
            {"role", f.role},
            {"state", f.state},
            {"ingress", nullable_text(f.ingress)},
            {"egress", nullable_text(f.egress)},
            {"origin", nullable_text(f.origin)},
            {"translation", nullable_text(f.translation)},
            {"path", f.path},
            {"idle_ms", nullable(f.idle_ms)},
            {"lcore", f.lcore}};
}

Json verdict_json(const VerdictRow& v) {
    return {{"name", v.name},
            {"kind", v.kind == VerdictKind::dropped ? "dropped" : "consumed"},
            {"packets", v.packets},
            {"text", v.text}};
}

Json rtt_json(const RttRow& r) {
    return {{"peer", r.peer},
            {"samples", r.samples},
            {"min_ms", nullable(r.min_ms)},
            {"p50_ms", nullable(r.p50_ms)},
            {"p90_ms", nullable(r.p90_ms)},
            {"p99_ms", nullable(r.p99_ms)},
            {"max_ms", nullable(r.max_ms)},
            {"age_ms", nullable(r.age_ms)}};
}

Json probe_json(const ProbeRow& p) {
    return {{"peer", p.peer},
            {"asked_by", p.asked_by},
            {"interval_ms", p.interval_ms},
            {"count", nullable(p.count)},
            {"sent", p.sent},
            {"samples", p.samples},
            {"lost", p.lost},
            {"rtt_ms", nullable(p.rtt_ms)},
            {"least_ms", nullable(p.least_ms)},
            {"variation_ms", nullable(p.variation_ms)},
            {"age_ms", nullable(p.age_ms)},
            {"over", p.over}};
}

}  // namespace

std::string json_of(const NodeStatus& status) {
    Json out = head(status);
    out["forwarding"] = status.forwarding;
    out["generation"] = status.generation;
    out["uptime_s"] = status.uptime_s;
    return line(out);
}

std::string json_of(const NodeStatus& status, const std::vector<PortInfo>& ports) {
    return rows_document(status, "ports", ports, port_info_json);
}

std::string json_of(const NodeStatus& status, const std::vector<PortStats>& ports) {
    return rows_document(status, "ports", ports, port_stats_json);
}

std::string json_of(const NodeStatus& status, const Totals& totals, const std::vector<LcoreRow>& lcores) {
    Json out = head(status);
    out["forwarding"] = status.forwarding;
    out["generation"] = status.generation;
    out["totals"] = totals_json(totals);
    Json list = Json::array();
    for (const LcoreRow& lcore : lcores) {
        list.push_back({{"lcore", lcore.lcore}, {"totals", totals_json(lcore.totals)}});
    }
    out["lcores"] = std::move(list);
    return line(out);
}

std::string json_of(const NodeStatus& status, const std::vector<LcoreRow>& lcores) {
    return rows_document(status, "lcores", lcores, lcore_json);
}

std::string json_of(const NodeStatus& status, const std::vector<LinkRow>& links) {
    return rows_document(status, "links", links, link_json);
}

std::string json_of(const NodeStatus& status, const std::vector<PathRow>& paths) {
    return rows_document(status, "paths", paths, path_json);
}

std::string json_of(const NodeStatus& status, const PathChoice& choice) {
    Json out = head(status);
    out["from"] = choice.from;
    out["to"] = choice.to;
    out["policy"] = choice.policy;
    out["rule"] = choice.rule;
    out["why"] = nullable_text(choice.why);
    Json list = Json::array();
    for (const CandidateRow& row : choice.candidates) {
        list.push_back(candidate_json(row));
    }
    out["candidates"] = std::move(list);
    return line(out);
}

std::string json_of(const NodeStatus& status, const std::vector<ServiceRow>& services) {
    return rows_document(status, "services", services, service_json);
}

std::string json_of(const NodeStatus& status, const FlowPage& flows) {
    Json out = head(status);
    out["total"] = flows.total;
    out["capacity"] = flows.capacity;
    out["exhausted"] = flows.exhausted;
    Json list = Json::array();
    for (const FlowRow& row : flows.rows) {
        list.push_back(flow_json(row));
    }
    out["flows"] = std::move(list);
    return line(out);
}

std::string json_of(const NodeStatus& status, const std::vector<VerdictRow>& verdicts) {
    return rows_document(status, "drops", verdicts, verdict_json);
}

std::string json_of(const NodeStatus& status, const std::vector<RttRow>& rtts) {
    return rows_document(status, "rtts", rtts, rtt_json);
}

std::string json_of(const NodeStatus& status, const std::vector<ProbeRow>& probes) {
    return rows_document(status, "probes", probes, probe_json);
}

std::string json_of(const NodeStatus& status, const EdgeConfig& config) {
    Json out = head(status);
    out["idle"] = config.idle == IdleMode::spin ? "spin" : "sleep";
    out["lcores"] = config.lcores;
    out["control_socket"] = config.control_socket;
    out["overlay_port"] = config.overlay_port;
    out["ports"] = config.ports.size();
    out["nodes"] = config.nodes.size();
    out["services"] = config.services.size();
    out["yaml"] = edge_config_text(config);
    return line(out);
}

std::string json_of(const NodeStatus& status, const ConfigState& state) {
    Json out = head(status);
    out["generation"] = state.generation;
    out["problem"] = nullable_text(state.problem);
    out["needs_restart"] = state.needs_restart;
    out["read_again_s"] = state.read_again ? Json(state.read_again->time_since_epoch().count()) : Json(nullptr);
    return line(out);
}

}  // namespace izar
