#include "ctrl/controller/operator_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "ctrl/controller/operator_lists.h"
#include "ctrl/controller/service_request.h"
#include "ctrl/store/checks.h"
#include "ctrl/store/token.h"
#include "ctrl/tls/join_token.h"
#include "dataplane/tables/service_rules.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using Request = OperatorRequest;

std::string json_text(const Json& answer) {
    return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What the store did not do. A leader soon knows that it has no store then.
tl::unexpected<OperatorError> not_done(Controller& controller, const StoreError& error) {
    const OperatorError out(error);
    if (out.fault == OperatorFault::later) {
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

Answered<Json> withdraw_token(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string id = request.needed("id");
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    auto done = changed(controller, controller.store().withdraw_token(id, controller.wall_now()), {{"id", id}});
    controller.tokens_changed();
    return done;
}

// The node that a request is about; a request that is wrong in any way has none.
Answered<NodeId> wanted_node(const Controller& controller, Request& request) {
    const NodeId node = controller.desired().find(request.node("node"));
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    if (node == kNoNode) {
        return operator_fail(OperatorFault::missing, "there is no such node; `izar nodes` lists them");
    }
    return node;
}

Answered<Json> revoke_node(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const auto node = wanted_node(controller, request);
    if (!node) {
        return tl::unexpected(node.error());
    }
    return changed(controller, controller.store().revoke_node(*node, controller.wall_now()), {{"node", raw(*node)}});
}

Answered<Json> drain_node(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const bool drained = request.flag("drained", true);
    const auto node = wanted_node(controller, request);
    if (!node) {
        return tl::unexpected(node.error());
    }
    return changed(controller, controller.store().set_drained(*node, drained, controller.wall_now()),
                   {{"node", raw(*node)}, {"drained", drained}});
}

// What is there is read first: the new generation follows the newest, and takes those behind over.
Answered<Json> rekey_links(Controller& controller, Request& request, const OperatorCommands::RandomBytes& random) {
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    if (const auto read = controller.refresh(); !read) {
        return tl::unexpected(OperatorError(StoreError{StoreFault::unavailable, read.error().text}));
    }
    const std::uint32_t generation = raw(controller.desired().links().following());
    GenerationRandom bytes;
    random(bytes.writable());
    return changed(controller, controller.replace_link_secrets(bytes), {{"link_generation", generation}});
}

// A service without a definition yet.
ServiceRecord new_service(const std::string& name) {
    ServiceRecord out;
    out.service.id = ServiceId{1};  // the store gives one
    out.service.last_port = PortRange{}.last;
    name.copy(out.service.name, sizeof out.service.name - 1);
    return out;
}

// What a change does with the service of the name that is there, or is not.
enum class Existing : std::uint8_t { refused, changed, replaced };

Answered<Json> write_service(Controller& controller, Request& request, Existing existing) {
    const std::string name = request.needed("name");
    if (auto named = check_name("service", name); !named) {
        return tl::unexpected(named.error());
    }
    const auto services = controller.store().services();
    if (!services) {
        return changed(controller, services, {});
    }
    const auto found = std::ranges::find(*services, name, [](const ServiceRecord& r) { return r.service.name; });
    const bool exists = found != services->end();
    if (exists && existing == Existing::refused) {
        return operator_fail(OperatorFault::conflict,
                             fmt::format("there is a service {} already; `izar service set` changes it", name));
    }
    if (!exists && existing == Existing::changed) {
        return operator_fail(OperatorFault::missing,
                             fmt::format("there is no service {}; `izar service add` makes it", name));
    }
    ServiceRecord record = exists && existing == Existing::changed ? *found : new_service(name);
    read_service_keys(controller.desired(), request, record);
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    const auto set = controller.store().set_service(record.service, record.node_vips, controller.wall_now());
    return changed(controller, set, {{"service", name}});
}

Answered<Json> add_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    return write_service(controller, request, Existing::refused);
}

Answered<Json> set_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    return write_service(controller, request, Existing::changed);
}

Answered<Json> put_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    return write_service(controller, request, Existing::replaced);
}

Answered<Json> remove_service(Controller& controller, Request& request, const OperatorCommands::RandomBytes&) {
    const std::string name = request.needed("name");
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
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
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    return changed(controller, controller.store().remove_domain(domain, controller.wall_now()), {{"domain", domain}});
}

// What was done, for the list of events: a command with what it is about.
std::string told(const std::string& command, const Json& request) {
    const bool undrain = command == "node drain" && request.value("drained", true) == false;
    for (const char* const key : {"name", "node", "domain", "region", "id"}) {
        if (const auto found = request.find(key); found != request.end()) {
            return fmt::format("{} {}", undrain ? "node undrain" : command,
                               found->is_string() ? found->get<std::string>() : found->dump());
        }
    }
    return command;
}

}  // namespace

Answered<std::string> OperatorCommands::answer(std::string_view line) {
    using Command = Answered<Json> (*)(Controller&, Request&, const RandomBytes&);
    static const std::map<std::string, Command> commands{
        {"token create", create_token},   {"token withdraw", withdraw_token}, {"node revoke", revoke_node},
        {"node drain", drain_node},       {"service add", add_service},       {"service set", set_service},
        {"service put", put_service},     {"service remove", remove_service}, {"domain set", set_domain},
        {"domain remove", remove_domain}, {"link rekey", rekey_links}};
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) {
        return fail("a request is one line with a JSON object");
    }
    Request request(json);
    const std::string name = request.needed("do");
    if (const auto command = commands.find(name); command != commands.end()) {
        auto done = command->second(controller_, request, random_);
        if (!done) {
            return tl::unexpected(done.error());
        }
        controller_.tell_event(EventKind::change, told(name, json));
        return json_text(*done);
    }
    const auto answer = answer_question(controller_, name, request);
    if (!answer) {
        return fail("'do' names no command; docs/control-plane.md lists them");
    }
    if (request.problem()) {
        return tl::unexpected(*request.problem());
    }
    return answer->map(json_text);
}

}  // namespace izar
