#include "ctrl/controller/operator_commands.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "ctrl/controller/operator_lists.h"
#include "ctrl/frames/messages.h"
#include "ctrl/store/token.h"
#include "ctrl/tls/join_token.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using Request = OperatorRequest;

// What the store did not do. A leader soon knows that it has no store then.
tl::unexpected<OperatorError> not_done(Controller& controller, const StoreError& error) {
    const OperatorError out(error);
    if (out.later) {
        (void)controller.refresh();
    }
    return tl::unexpected(out);
}

// After a change: everybody is told before the operator has the answer. A change that is stored is one, also when the
// store falls silent before it can be read: nobody has been told then, and there is no version to name.
template <typename T>
Answered<Json> changed(Controller& controller, const StoreResult<T>& result, Json answer) {
    if (!result) {
        return not_done(controller, result.error());
    }
    const bool told = controller.refresh().has_value();
    answer["static_version"] = told ? Json(controller.desired().version()) : Json(nullptr);
    return answer;
}

Answered<Json> create_token(Controller& controller, Request& request, const OperatorCommands::RandomBytes& random) {
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
    const auto record = controller.store().create_token(token, spec, controller.wall_now());
    controller.tokens_changed();
    const auto authority = certificate_fingerprint(controller.authority().certificate());
    if (!record) {
        return not_done(controller, record.error());
    }
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    return Json{{"token", JoinToken{token, *authority}.text()},
                {"id", record->id},
                {"region", record->region},
                {"uses_left", record->uses_left},
                {"expires_at_s", seconds_since_1970(record->expires_at)}};
}

Answered<Json> revoke_node(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const NodeId node = controller.desired().find(request.needed("node"));
    if (request.problem() || node == kNoNode) {
        return fail("there is no such node; `izar nodes` lists them");
    }
    return changed(controller, controller.store().revoke_node(node, controller.wall_now()), {{"node", raw(node)}});
}

Answered<Json> drain_node(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
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

Answered<Json> set_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
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

Answered<Json> remove_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string name = request.needed("name");
    return changed(controller, controller.store().remove_service(name, controller.wall_now()), {{"service", name}});
}

Answered<Json> set_domain(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string domain = request.needed("domain");
    const IpAddress origin = request.address("origin");
    const std::string service = request.text("service");
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    const auto set = controller.store().set_domain(domain, origin, service, controller.wall_now());
    return changed(controller, set,
                   {{"domain", set ? set->domain : domain}, {"service", set ? set->service : service}});
}

Answered<Json> remove_domain(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string domain = request.needed("domain");
    return changed(controller, controller.store().remove_domain(domain, controller.wall_now()), {{"domain", domain}});
}

// What a command is about, as its request says.
std::string subject_of(const Json& request) {
    for (const char* const key : {"name", "node", "domain", "region"}) {
        if (const auto found = request.find(key); found != request.end()) {
            return found->is_string() ? found->get<std::string>() : found->dump();
        }
    }
    return "";
}

}  // namespace

Answered<std::string> OperatorCommands::answer(std::string_view line) {
    using Command = Answered<Json> (*)(Controller&, Request&, const RandomBytes&);
    static const std::map<std::string, Command> commands{
        {"token create", create_token},  {"node revoke", revoke_node},       {"node drain", drain_node},
        {"service set", set_service},    {"service remove", remove_service}, {"domain set", set_domain},
        {"domain remove", remove_domain}};
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) {
        return fail("a request is one line with a JSON object");
    }
    Request request(json);
    const std::string name = request.needed("do");
    auto result = answer_question(controller_, name, request);
    if (const auto command = commands.find(name); command != commands.end()) {
        result = command->second(controller_, request, random_);
    }
    if (!result) {
        return fail("'do' names no command; docs/control-plane.md lists them");
    }
    if (!*result) {
        return tl::unexpected(result->error());
    }
    if (commands.contains(name)) {
        controller_.tell_event(EventKind::change, fmt::format("{} {}", name, subject_of(json)));
    }
    return (*result)->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace izar
