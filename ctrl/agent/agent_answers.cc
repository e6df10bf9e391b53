// agent_answers.cc -- What an agent tells operators on its own machine, also while no controller is in reach.
#include <nlohmann/json.hpp>

#include "ctrl/agent/agent.h"
#include "ctrl/mesh/mesh_links.h"
#include "ctrl/operator/operator_rows.h"

namespace izar {
namespace {

using Json = nlohmann::json;

Json answer_nodes(const StaticData& data) {
    Json rows = Json::array();
    for (const auto& [id, node] : data.nodes) {
        rows.push_back(
            {{"id", raw(id)}, {"name", node.name}, {"region", node.region}, {"address", node.overlay_address.text()}});
    }
    return {{"static_version", data.version}, {"nodes", rows}};
}

Json answer_services(const StaticData& data) {
    Json rows = Json::array();
    for (const auto& [id, service] : data.services) {
        rows.push_back(service_row(service, data.nodes));
    }
    return {{"services", rows}};
}

}  // namespace

Result<std::string> Agent::answer(std::string_view line) const {
    const Json request = Json::parse(line, nullptr, false);
    const std::string asked = request.is_object() && request.contains("do") && request["do"].is_string()
                                  ? request["do"].get<std::string>()
                                  : "";
    Json out;
    if (asked == "status") {
        out = answer_status();
    } else if (asked == "nodes") {
        out = answer_nodes(static_);
    } else if (asked == "links") {
        out = answer_links();
    } else if (asked == "services") {
        out = answer_services(static_);
    } else if (asked == "config") {
        out = answer_config();
    } else {
        return fail(
            "an agent answers status, config, nodes, links and services; for the rest ask a controller: --api "
            "HOST:PORT");
    }
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Agent::set_config_state(ConfigState state) {
    config_state_ = std::move(state);
    config_state_.read_again = parts_.wall_clock();
}

// Of the agent itself and, as it told last, of this node's izar-edge.
Json Agent::answer_config() const {
    Json out = config_answer(config_state_, parts_.identity.name);
    const bool known = edge_config_ && parts_.ring.peer_is_alive(parts_.loop.now());
    out["edge"] = known ? config_row(*edge_config_) : Json(nullptr);
    return out;
}

Json Agent::answer_status() const {
    std::size_t links_up = 0;
    for (const auto& [to, link] : row_) {
        links_up += link.reachable ? 1 : 0;
    }
    const GroupState& group = group_.state();
    const GroupWork::Counts& counts = group_.counts();
    const auto expiry = certificate_expiry(parts_.identity.credentials.certificate);
    return {{"node", raw(parts_.identity.id)},
            {"name", parts_.identity.name},
            {"region", parts_.identity.region},
            {"controller", welcome_ ? Json(controller_.text()) : Json(nullptr)},
            {"edge_runs", edge_runs_ == true},
            {"flows", flows_ ? Json(*flows_) : Json(nullptr)},
            {"static_version", static_.version},
            {"nodes", static_.nodes.size()},
            {"services", static_.services.size()},
            {"links_up", links_up},
            {"links_down", row_.size() - links_up},
            {"is_master", group_.is_master()},
            {"group_master", group.master != kNoNode ? Json(raw(group.master)) : Json(nullptr)},
            {"group_epoch", raw(group.epoch)},
            {"rounds_assigned", counts.rounds_assigned},
            {"shares_set", counts.shares_set},
            {"rounds_obeyed", counts.rounds_obeyed},
            {"rounds_refused", counts.rounds_refused},
            {"obeyed_epoch", raw(counts.obeyed_epoch)},
            {"certificate_expires_at_s", expiry ? Json(expiry->time_since_epoch().count()) : Json(nullptr)}};
}

// This node's own links as they are measured now, those of others as the newest summary tells them.
Json Agent::answer_links() const {
    Json rows = Json::array();
    for (const auto& [to, link] : row_) {
        rows.push_back(link_row(link));
    }
    if (const MeshSummary* const summary = mesh_.newest()) {
        for (const FeedLink& link : links_of(*summary, mesh_nodes_)) {
            if (link.from != parts_.identity.id) {
                rows.push_back(link_row(link));
            }
        }
    }
    return {{"links", rows}};
}

}  // namespace izar
