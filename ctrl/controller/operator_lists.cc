#include "ctrl/controller/operator_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "ctrl/controller/measured_lists.h"
#include "ctrl/history/history_answer.h"
#include "ctrl/operator/operator_rows.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using Request = OperatorRequest;

Answered<Json> tell_status(Controller& controller, Request&) {
    const DesiredState& desired = controller.desired();
    std::size_t joined = 0;
    std::size_t drained = 0;
    for (const auto& [id, record] : desired.records()) {
        joined += record.state == NodeState::joined ? 1 : 0;
        drained += record.state == NodeState::joined && record.drained ? 1 : 0;
    }
    std::size_t links_up = 0;
    controller.mesh().rows().for_each([&](const FeedLink& link) { links_up += link.reachable ? 1 : 0; });
    const auto served = std::ranges::count_if(
        desired.service_records(), [&](const auto& record) { return desired.services().contains(record.first); });
    return Json{{"nodes", joined},
                {"nodes_drained", drained},
                {"nodes_withdrawn", controller.health().all_withdrawn().size()},
                {"agents_connected", controller.agents().size()},
                {"services", desired.service_records().size()},
                {"services_served", served},
                {"domains", desired.domains().size()},
                {"links_up", links_up},
                {"links_down", controller.mesh().rows().size() - links_up},
                {"link_generation", raw(desired.links().newest())},
                {"nodes_behind", desired.links().behind().size()},
                {"static_version", desired.version()},
                {"store_answers", !controller.store_silent_since()}};
}

Answered<Json> list_tokens(Controller& controller, Request&) {
    const auto tokens = controller.store().tokens();
    if (!tokens) {
        return tl::unexpected<OperatorError>(tokens.error());
    }
    Json rows = Json::array();
    for (const TokenRecord& token : *tokens) {
        rows.push_back({{"id", token.id},
                        {"region", token.region},
                        {"uses_left", token.uses_left},
                        {"withdrawn", token.withdrawn},
                        {"expires_at_s", seconds_since_1970(token.expires_at)}});
    }
    return Json{{"tokens", rows}};
}

Answered<Json> list_nodes(Controller& controller, Request&) {
    const auto agents = controller.agents();
    const LinkGenerations& links = controller.desired().links();
    Json rows = Json::array();
    for (const auto& [id, record] : controller.desired().records()) {
        const auto agent = std::ranges::find(agents, id, &Controller::AgentRow::node);
        const bool here = agent != agents.end();
        const bool joined = record.state == NodeState::joined;
        const char* const state = record.state == NodeState::revoked    ? "revoked"
                                  : record.state == NodeState::declared ? "declared"
                                                                        : "joined";
        rows.push_back({{"id", raw(id)},
                        {"name", record.name},
                        {"region", record.region},
                        {"address", record.address.text()},
                        {"state", state},
                        {"seen", record.was_seen()},
                        {"drained", record.drained},
                        {"flows", here && agent->flows ? Json(*agent->flows) : Json(nullptr)},
                        {"empty", controller.drains().is_empty(id)},
                        {"agent_connected", here},
                        {"edge_runs", here && agent->edge_runs ? Json(*agent->edge_runs) : Json(nullptr)},
                        {"withdrawn", controller.health().withdrawn(id)},
                        {"static_version", here ? Json(agent->static_version) : Json(nullptr)},
                        {"link_generation", joined ? Json(raw(links.of(id))) : Json(nullptr)}});
    }
    return Json{{"static_version", controller.desired().version()}, {"nodes", rows}};
}

// Of a node that was revoked, too: its VIP goes on until an operator takes it away.
Json node_vip_rows(const ServiceRecord& service, const std::map<NodeId, NodeRecord>& nodes) {
    Json out = Json::array();
    for (const NodeVip& vip : service.node_vips) {
        const auto node = nodes.find(vip.node);
        out.push_back({{"node", node == nodes.end() ? "" : node->second.name}, {"address", vip.address.text()}});
    }
    return out;
}

Answered<Json> list_services(Controller& controller, Request&) {
    Json rows = Json::array();
    for (const auto& [id, record] : controller.desired().service_records()) {
        const auto served = controller.desired().services().find(id);
        const bool is_served = served != controller.desired().services().end();
        Json row = service_row(is_served ? served->second : record.service, controller.desired().nodes());
        row["vips_at"] = node_vip_rows(record, controller.desired().records());
        row["served"] = is_served;
        rows.push_back(std::move(row));
    }
    return Json{{"services", rows}};
}

Answered<Json> list_domains(Controller& controller, Request&) {
    Json rows = Json::array();
    for (const auto& [name, domain] : controller.desired().domains()) {
        rows.push_back({{"domain", name}, {"origin", domain.origin_ip.text()}, {"service", domain.service}});
    }
    return Json{{"domains", rows}};
}

Answered<Json> list_links(Controller& controller, Request&) {
    Json rows = Json::array();
    controller.mesh().rows().for_each([&](const FeedLink& link) { rows.push_back(link_row(link)); });
    return Json{{"links", rows}};
}

Json shares_of(const Controller& controller, const std::string& region) {
    Json out = Json::object();
    for (const auto& [id, node] : controller.desired().nodes()) {
        if (region == node.region) {
            out[node.name] = controller.shares().weight(id) / 1'000.0;
        }
    }
    return out;
}

Answered<Json> list_groups(Controller& controller, Request&) {
    Json rows = Json::array();
    for (const Groups::Row& group : controller.groups()) {
        const auto master = controller.desired().records().find(group.state.master);
        const GroupEpoch shares_epoch = controller.shares().epoch(group.region);
        const bool has_master = master != controller.desired().records().end();
        rows.push_back({{"region", group.region},
                        {"members", group.members},
                        {"master", has_master ? Json(master->second.name) : Json(nullptr)},
                        {"epoch", raw(group.state.epoch)},
                        {"shares", shares_of(controller, group.region)},
                        {"shares_epoch", shares_epoch == GroupEpoch{} ? Json(nullptr) : Json(raw(shares_epoch))},
                        {"probes_answered", group.answered},
                        {"probes_lost", group.lost},
                        {"assignments_refused", group.refused}});
    }
    return Json{{"groups", rows}};
}

Answered<Json> list_events(Controller& controller, Request& request) {
    const std::uint64_t after = request.number("after", 0, std::numeric_limits<std::int64_t>::max());
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    Json rows = Json::array();
    for (const Event& event : controller.events().events()) {
        if (event.number > after) {
            rows.push_back({{"number", event.number},
                            {"at_s", static_cast<double>(event.at.time_since_epoch().count()) / 1'000},
                            {"kind", name_of(event.kind)},
                            {"text", event.text}});
        }
    }
    return Json{{"events", rows}};
}

Answered<Json> tell_history(Controller& controller, Request& request) {
    const auto node = [&](const std::string& name) {
        const NodeId found = controller.desired().find(name);
        if (found == kNoNode) {
            request.refuse(fmt::format("there is no node '{}'; `izar nodes` lists them", name), OperatorFault::missing);
        }
        return found;
    };
    HistoryRequest wanted;
    wanted.from = node(request.node("from"));
    if (request.has("to")) {
        wanted.to = node(request.node("to"));
    }
    wanted.metric = request.text("metric");
    wanted.last = std::chrono::hours{request.number("last_hours", 24, kMostHistory.count())};
    wanted.most_points = static_cast<std::uint32_t>(request.number("points", 120, kMostHistoryPoints));
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    const auto answer = history_answer(controller.store(), wanted, controller.wall_now());
    if (!answer) {
        return tl::unexpected<OperatorError>(answer.error());
    }
    return Json::parse(*answer);
}

}  // namespace

std::optional<Answered<nlohmann::json>> answer_question(Controller& controller, const std::string& name,
                                                        OperatorRequest& request) {
    using Question = Answered<Json> (*)(Controller&, Request&);
    static const std::map<std::string, Question> questions{
        {"tokens", list_tokens}, {"nodes", list_nodes},   {"services", list_services}, {"domains", list_domains},
        {"links", list_links},   {"groups", list_groups}, {"history", tell_history},   {"events", list_events},
        {"status", tell_status}, {"system", list_system}, {"probes", list_probes},     {"metrics", list_metrics}};
    const auto found = questions.find(name);
    return found == questions.end() ? std::nullopt : std::optional(found->second(controller, request));
}

std::int64_t seconds_since_1970(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace izar
