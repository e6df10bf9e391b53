#include "ctrl/controller/operator_commands.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "ctrl/controller/operator_request.h"
#include "ctrl/frames/messages.h"
#include "ctrl/history/history_answer.h"
#include "ctrl/store/token.h"
#include "ctrl/tls/join_token.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using Request = OperatorRequest;

template <typename T>
Result<T> plain(StoreResult<T> result) {
    if (!result) {
        return fail(result.error().text);
    }
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return *std::move(result);
    }
}

// After a change: everybody is told before the operator has the answer.
template <typename T>
Result<Json> changed(Controller& controller, const StoreResult<T>& result, Json answer) {
    if (!result) {
        return fail(result.error().text);
    }
    if (auto told = controller.refresh(); !told) {
        return tl::unexpected(told.error());
    }
    answer["static_version"] = controller.desired().version();
    return answer;
}

std::string wall_text(WallTime time) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

Result<Json> create_token(Controller& controller, Request& request, const OperatorCommands::RandomBytes& random) {
    TokenSpec spec;
    spec.region = request.needed("region");
    spec.ttl = std::chrono::seconds{request.number("ttl_s", 3'600, std::uint64_t{366} * 86'400)};
    spec.uses = static_cast<std::uint32_t>(request.number("uses", 1, 65'535));
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    TokenRandom bytes{};
    random(bytes);
    const std::string token = new_token(bytes);
    const auto record = plain(controller.store().create_token(token, spec, controller.wall_now()));
    const auto authority = certificate_fingerprint(controller.authority().certificate());
    if (!record || !authority) {
        return tl::unexpected(record ? authority.error() : record.error());
    }
    return Json{{"token", JoinToken{token, *authority}.text()},
                {"id", record->id},
                {"region", record->region},
                {"uses_left", record->uses_left},
                {"expires_at_s", std::stoll(wall_text(record->expires_at))}};
}

Result<Json> list_tokens(Controller& controller, Request&, const OperatorCommands::RandomBytes&) {
    const auto tokens = plain(controller.store().tokens());
    if (!tokens) {
        return tl::unexpected(tokens.error());
    }
    Json rows = Json::array();
    for (const TokenRecord& token : *tokens) {
        rows.push_back({{"id", token.id},
                        {"region", token.region},
                        {"uses_left", token.uses_left},
                        {"withdrawn", token.withdrawn},
                        {"expires_at_s", std::stoll(wall_text(token.expires_at))}});
    }
    return Json{{"tokens", rows}};
}

Result<Json> list_nodes(Controller& controller, Request&, const OperatorCommands::RandomBytes&) {
    const auto agents = controller.agents();
    Json rows = Json::array();
    for (const auto& [id, record] : controller.desired().records()) {
        const auto agent = std::ranges::find(agents, id, &Controller::AgentRow::node);
        const bool here = agent != agents.end();
        const char* const state = record.state == NodeState::revoked    ? "revoked"
                                  : record.state == NodeState::declared ? "declared"
                                                                        : "joined";
        rows.push_back({{"id", raw(id)},
                        {"name", record.name},
                        {"region", record.region},
                        {"address", record.address.text()},
                        {"state", state},
                        {"drained", record.drained},
                        {"flows", here && agent->flows ? Json(*agent->flows) : Json(nullptr)},
                        {"empty", controller.drains().is_empty(id)},
                        {"agent_connected", here},
                        {"withdrawn", controller.health().withdrawn(id)},
                        {"static_version", here ? Json(agent->static_version) : Json(nullptr)}});
    }
    return Json{{"static_version", controller.desired().version()}, {"nodes", rows}};
}

Result<Json> revoke_node(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const NodeId node = controller.desired().find(request.needed("node"));
    if (request.problem() || node == kNoNode) {
        return fail("there is no such node; `izar nodes` lists them");
    }
    return changed(controller, controller.store().revoke_node(node, controller.wall_now()), {{"node", raw(node)}});
}

Result<Json> drain_node(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const NodeId node = controller.desired().find(request.needed("node"));
    if (request.problem() || node == kNoNode) {
        return fail("there is no such node; `izar nodes` lists them");
    }
    const bool drained = request.flag("drained", true);
    return changed(controller, controller.store().set_drained(node, drained, controller.wall_now()),
                   {{"node", raw(node)}, {"drained", drained}});
}

void read_egresses(const Controller& controller, Request& request, Service& service) {
    for (const Json& each : request.list("egresses")) {
        const std::string name = each.is_string() ? each.get<std::string>() : "";
        const NodeId node = controller.desired().find(name);
        if (node == kNoNode) {
            request.refuse(fmt::format("egress '{}' is no node; `izar nodes` lists them", name));
        }
        service.egresses.push_back({node, 1});
    }
}

void read_origins(Request& request, Service& service) {
    for (const Json& each : request.list("origins")) {
        Request origin(each);
        Origin out;
        out.address = origin.address("address");
        out.port = static_cast<std::uint16_t>(origin.number("port", 0, 65'535));
        out.weight = static_cast<std::uint32_t>(origin.number("weight", 1, 1'000'000));
        if (origin.problem()) {
            request.refuse(origin.problem()->text);
        }
        service.origins.push_back(out);
    }
}

Result<Json> set_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    static const std::map<std::string, Transport> transports{
        {"tcp", Transport::tcp}, {"udp", Transport::udp}, {"icmp", Transport::icmp}};
    Service service;
    service.id = ServiceId{1};  // the store gives one
    const std::string name = request.needed("name");
    service.vip = request.address("vip");
    const auto transport = transports.find(request.text("protocol", "tcp"));
    service.first_port = static_cast<std::uint16_t>(request.number("first_port", 0, 65'535));
    service.last_port = static_cast<std::uint16_t>(request.number("last_port", 65'535, 65'535));
    service.duplicate = request.flag("duplicate", false);
    read_egresses(controller, request, service);
    read_origins(request, service);
    if (transport == transports.end()) {
        request.refuse("'protocol' must be tcp, udp or icmp");
    } else {
        service.transport = transport->second;
    }
    if (auto named = check_name(name); !named) {
        request.refuse(named.error().text);
    }
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    std::memcpy(service.name, name.c_str(), name.size() + 1);
    if (auto sound = read_service(service_message(service)); !sound) {
        return tl::unexpected(sound.error());
    }
    return changed(controller, controller.store().set_service(service, controller.wall_now()), {{"service", name}});
}

Result<Json> remove_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string name = request.needed("name");
    return changed(controller, controller.store().remove_service(name, controller.wall_now()), {{"service", name}});
}

Result<Json> list_services(Controller& controller, Request&, const OperatorCommands::RandomBytes&) {
    Json rows = Json::array();
    for (const auto& [id, service] : controller.desired().services()) {
        Json egresses = Json::array();
        for (const Egress& egress : service.egresses) {
            const auto node = controller.desired().nodes().find(egress.node);
            egresses.push_back(node == controller.desired().nodes().end() ? "" : node->second.name);
        }
        Json origins = Json::array();
        for (const Origin& origin : service.origins) {
            origins.push_back({{"address", origin.address.text()}, {"port", origin.port}, {"weight", origin.weight}});
        }
        constexpr const char* kNames[] = {"tcp", "udp", "icmp"};
        rows.push_back({{"id", raw(id)},
                        {"name", service.name},
                        {"vip", service.vip.text()},
                        {"protocol", kNames[raw(service.transport)]},
                        {"first_port", service.first_port},
                        {"last_port", service.last_port},
                        {"duplicate", service.duplicate},
                        {"egresses", egresses},
                        {"origins", origins}});
    }
    return Json{{"services", rows}};
}

Result<Json> set_domain(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string domain = request.needed("domain");
    const IpAddress origin = request.address("origin");
    const std::string service = request.needed("service");
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    return changed(controller, controller.store().set_domain(domain, origin, service, controller.wall_now()),
                   {{"domain", domain}});
}

Result<Json> remove_domain(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string domain = request.needed("domain");
    return changed(controller, controller.store().remove_domain(domain, controller.wall_now()), {{"domain", domain}});
}

Result<Json> list_domains(Controller& controller, Request&, const OperatorCommands::RandomBytes&) {
    Json rows = Json::array();
    for (const auto& [name, domain] : controller.desired().domains()) {
        rows.push_back({{"domain", name}, {"origin", domain.origin_ip.text()}, {"service", domain.service}});
    }
    return Json{{"domains", rows}};
}

Result<Json> list_links(Controller& controller, Request&, const OperatorCommands::RandomBytes&) {
    Json rows = Json::array();
    controller.mesh().rows().for_each([&](const FeedLink& link) {
        const bool measured = link.reachable && link.count > 0;
        rows.push_back({{"from", raw(link.from)},
                        {"to", raw(link.to)},
                        {"state", link.reachable ? "up" : "down"},
                        {"rtt_ms", measured ? Json(static_cast<double>(link.rtt.count()) / 1e6) : Json(nullptr)},
                        {"loss_ratio", link.loss}});
    });
    return Json{{"links", rows}};
}

Result<Json> list_groups(Controller& controller, Request&, const OperatorCommands::RandomBytes&) {
    Json rows = Json::array();
    for (const Groups::Row& group : controller.groups()) {
        const auto master = controller.desired().records().find(group.state.master);
        const bool has_master = master != controller.desired().records().end();
        rows.push_back({{"region", group.region},
                        {"members", group.members},
                        {"master", has_master ? Json(master->second.name) : Json(nullptr)},
                        {"epoch", raw(group.state.epoch)},
                        {"probes_answered", group.answered},
                        {"probes_lost", group.lost}});
    }
    return Json{{"groups", rows}};
}

Result<Json> tell_history(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const auto node = [&](const std::string& name) {
        const NodeId found = controller.desired().find(name);
        if (found == kNoNode) {
            request.refuse(fmt::format("there is no node '{}'; `izar nodes` lists them", name));
        }
        return found;
    };
    HistoryRequest wanted;
    wanted.from = node(request.needed("from"));
    if (const std::string to = request.text("to"); !to.empty()) {
        wanted.to = node(to);
    }
    wanted.metric = request.text("metric");
    wanted.last = std::chrono::hours{request.number("last_hours", 24, kMostHistory.count())};
    wanted.most_points = static_cast<std::uint32_t>(request.number("points", 120, kMostHistoryPoints));
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    const auto answer = history_answer(controller.store(), wanted, controller.wall_now());
    if (!answer) {
        return fail(answer.error().text);
    }
    return Json::parse(*answer);
}

}  // namespace

Result<std::string> OperatorCommands::answer(std::string_view line) {
    using Command = Result<Json> (*)(Controller&, Request&, const RandomBytes&);
    static const std::map<std::string, Command> commands{{"token create", create_token},
                                                         {"tokens", list_tokens},
                                                         {"nodes", list_nodes},
                                                         {"node revoke", revoke_node},
                                                         {"node drain", drain_node},
                                                         {"service set", set_service},
                                                         {"service remove", remove_service},
                                                         {"services", list_services},
                                                         {"domain set", set_domain},
                                                         {"domain remove", remove_domain},
                                                         {"domains", list_domains},
                                                         {"links", list_links},
                                                         {"groups", list_groups},
                                                         {"history", tell_history}};
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) {
        return fail("a request is one line with a JSON object");
    }
    Request request(json);
    const auto command = commands.find(request.needed("do"));
    if (command == commands.end()) {
        return fail("'do' names no command; docs/control-plane.md lists them");
    }
    const auto result = command->second(controller_, request, random_);
    if (!result) {
        return tl::unexpected(result.error());
    }
    return result->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace izar
