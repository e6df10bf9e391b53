#include "ctrl/operator/operator_rows.h"

#include <nlohmann/json.hpp>

namespace izar {

using Json = nlohmann::json;

Json config_row(const ConfigState& state) {
    return {{"generation", state.generation},
            {"problem", state.problem.empty() ? Json() : Json(state.problem)},
            {"needs_restart", state.needs_restart},
            {"read_again_s", state.read_again ? Json(state.read_again->time_since_epoch().count()) : Json()}};
}

Json config_answer(const ConfigState& state, const std::string& name) {
    Json out = config_row(state);
    out["name"] = name.empty() ? Json() : Json(name);
    return out;
}

Json link_row(const FeedLink& link) {
    constexpr double kNanosAMillisecond = 1e6;
    const bool measured = link.reachable && link.count > 0;
    return {{"from", raw(link.from)},
            {"to", raw(link.to)},
            {"state", link.reachable ? "up" : "down"},
            {"rtt_ms", measured ? Json(static_cast<double>(link.rtt.count()) / kNanosAMillisecond) : Json(nullptr)},
            {"loss_ratio", measured ? Json(link.loss) : Json(nullptr)}};
}

Json service_row(const Service& service, const std::map<NodeId, FleetNode>& nodes) {
    constexpr const char* kNames[] = {"tcp", "udp", "icmp"};
    Json egresses = Json::array();
    for (const Egress& egress : service.egresses) {
        const auto node = nodes.find(egress.node);
        egresses.push_back(node == nodes.end() ? "" : node->second.name);
    }
    Json origins = Json::array();
    for (const Origin& origin : service.origins) {
        origins.push_back({{"address", origin.address.text()}, {"port", origin.port}, {"weight", origin.weight}});
    }
    return {{"id", raw(service.id)},
            {"name", service.name},
            {"vip", service.vip.text()},
            {"protocol", kNames[raw(service.transport)]},
            {"first_port", service.first_port},
            {"last_port", service.last_port},
            {"duplicate", service.duplicate},
            {"egresses", egresses},
            {"origins", origins}};
}

}  // namespace izar
