// `izar token|node|service|domain ...` and their plurals: what a controller is asked, or of lists an agent.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ctrl/loop/sockets.h"
#include "dataplane/config/duration.h"
#include "dataplane/tables/service_rules.h"
#include "tools/izar/controller_client.h"
#include "tools/izar/drain_noun.h"
#include "tools/izar/measured_noun.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

enum class AnsweredBy : std::uint8_t { controllers, agents_too };

void add_list(CLI::App& app, Action& run, const std::string& plural, const std::string& help,
              const std::vector<std::string>& columns, AnsweredBy who = AnsweredBy::controllers) {
    auto target = std::make_shared<ControllerTarget>();
    CLI::App* noun = app.add_subcommand(plural, help);
    if (who == AnsweredBy::agents_too) {
        add_local_target(*noun, target);
    } else {
        add_controller_target(*noun, target);
    }
    add_watch(*noun, target);
    noun->callback([=, &run] {
        run = [=] {
            return watched(*target, [&] {
                return ask_controller(*target, {{"do", plural}},
                                      [&](const Json& answer) { print_table(answer.value(plural, Json()), columns); });
            });
        };
    });
}

// A verb whose answer is only that it was done.
CLI::App* add_verb(CLI::App& noun, Action& run, const std::string& verb, const std::string& help,
                   const std::shared_ptr<Json>& request, const std::function<int(Json&)>& complete = nullptr) {
    auto target = std::make_shared<ControllerTarget>();
    CLI::App* out = noun.add_subcommand(verb, help);
    add_controller_target(*out, target);
    out->callback([=, &run] {
        run = [=] {
            if (complete != nullptr && complete(*request) != kExitDone) {
                return kExitUsage;
            }
            return ask_controller(*target, *request, [](const Json& answer) {
                const bool token = answer.contains("token");
                fmt::print("{}\n", token ? answer["token"].get<std::string>()
                                         : fmt::format("done: static data {}", cell(answer["static_version"])));
            });
        };
    });
    return out;
}

CLI::Option* bind_text(CLI::App& command, const std::string& option, const std::shared_ptr<Json>& request,
                       const std::string& key, const std::string& help) {
    return command
        .add_option_function<std::string>(
            option, [=](const std::string& text) { (*request)[key] = text; }, help)
        ->required();
}

void add_token_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("token", "One-time tokens with which nodes join");
    noun->require_subcommand(1);
    auto request = std::make_shared<Json>(Json{{"do", "token create"}});
    CLI::App* create = add_verb(*noun, run, "create", "Make a token and print it", request);
    bind_text(*create, "--region", request, "region", "Region of the nodes that join with it");
    create->add_option_function<std::string>(
        "--ttl",
        [=](const std::string& text) {
            const auto ttl = parse_duration(text);
            if (!ttl) {
                throw CLI::ValidationError("--ttl", ttl.error().text);
            }
            (*request)["ttl_s"] = std::chrono::duration_cast<std::chrono::seconds>(*ttl).count();
        },
        "How long it may be used: 1h");
    create->add_option_function<unsigned>(
        "--uses", [=](unsigned uses) { (*request)["uses"] = uses; }, "How many nodes may join with it");
    auto withdraw = std::make_shared<Json>(Json{{"do", "token withdraw"}});
    bind_text(*add_verb(*noun, run, "withdraw", "Let no more nodes join with a token", withdraw), "id", withdraw, "id",
              "Its id, as `izar tokens` lists it");
    add_list(app, run, "tokens", "Tokens, without their secret halves",
             {"id", "region", "uses_left", "withdrawn", "expires_at_s"});
}

void add_node_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("node", "Nodes of the fleet");
    noun->require_subcommand(1);
    auto revoke = std::make_shared<Json>(Json{{"do", "node revoke"}});
    bind_text(*add_verb(*noun, run, "revoke", "Refuse a node's certificate from now on", revoke), "node", revoke,
              "node", "Id or name");
    add_drain_verb(*noun, run);
    add_system_verb(*noun, run);
    auto undrain = std::make_shared<Json>(Json{{"do", "node drain"}, {"drained", false}});
    bind_text(*add_verb(*noun, run, "undrain", "Take new flows again", undrain), "node", undrain, "node", "Id or name");
    add_list(app, run, "nodes", "All nodes",
             {"id", "name", "region", "address", "state", "seen", "drained", "flows", "empty", "agent_connected",
              "edge_runs", "withdrawn", "static_version", "link_generation"},
             AnsweredBy::agents_too);
}

// "10.2.0.10", "10.2.0.10:8080" or "[fd02::10]:8080".
Result<Json> read_origin(const std::string& text) {
    if (const auto plain = IpAddress::parse(text)) {
        return Json{{"address", plain->text()}, {"port", 0}};
    }
    const auto with_port = SocketAddress::parse(text);
    if (!with_port) {
        return fail(with_port.error().text);
    }
    return Json{{"address", with_port->ip.text()}, {"port", with_port->port}};
}

// Throws what CLI11 tells the operator.
void give_ports(Json& request, const std::string& text) {
    const auto ports = parse_port_range(text);
    if (!ports) {
        throw CLI::ValidationError("--ports", ports.error().text);
    }
    request["first_port"] = ports->first;
    request["last_port"] = ports->last;
}

void give_origins(Json& request, const std::vector<std::string>& texts) {
    request["origins"] = Json::array();
    for (const std::string& text : texts) {
        const auto origin = read_origin(text);
        if (!origin) {
            throw CLI::ValidationError("--origin", origin.error().text);
        }
        request["origins"].push_back(*origin);
    }
}

void give_node_vips(Json& request, const std::vector<std::string>& texts) {
    request["vips_at"] = Json::array();
    for (const std::string& text : texts) {
        const std::size_t sign = text.find('=');
        if (sign == std::string::npos || sign == 0) {
            throw CLI::ValidationError("--vip-at", fmt::format("'{}' is no NODE=ADDRESS, as in ams=192.0.2.80", text));
        }
        request["vips_at"].push_back({{"node", text.substr(0, sign)}, {"address", text.substr(sign + 1)}});
    }
}

// Options that a new service and a changed one share. What is not given is not in the request.
void add_service_options(CLI::App& verb, const std::shared_ptr<Json>& request) {
    verb.add_option_function<std::string>(
        "--protocol", [=](const std::string& text) { (*request)["protocol"] = text; }, "tcp, udp or icmp");
    verb.add_option_function<std::string>(
        "--ports", [=](const std::string& text) { give_ports(*request, text); }, "80, 8000-8099 or any");
    verb.add_flag_function(
        "--duplicate,!--no-duplicate", [=](std::int64_t count) { (*request)["duplicate"] = count > 0; },
        "Each packet over two paths");
    verb.add_option_function<std::vector<std::string>>(
        "--egress", [=](const std::vector<std::string>& nodes) { (*request)["egresses"] = nodes; },
        "Node that origins are reached from; several times for several");
    verb.add_option_function<std::vector<std::string>>(
        "--vip-at", [=](const std::vector<std::string>& texts) { give_node_vips(*request, texts); },
        "NODE=ADDRESS: a VIP of its own at one node, which /resolve names; several times for several");
}

CLI::Option* add_origin_option(CLI::App& verb, const std::shared_ptr<Json>& request) {
    return verb.add_option_function<std::vector<std::string>>(
        "--origin", [=](const std::vector<std::string>& texts) { give_origins(*request, texts); },
        "ADDRESS or ADDRESS:PORT; several times for several");
}

void add_service_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("service", "Services: a VIP and the origins behind it");
    noun->require_subcommand(1);
    auto added = std::make_shared<Json>(Json{{"do", "service add"}});
    CLI::App* add = add_verb(*noun, run, "add", "Add a service; without --egress every node is one", added);
    bind_text(*add, "name", added, "name", "Its name");
    bind_text(*add, "--vip", added, "vip", "Address that clients connect to");
    add_service_options(*add, added);
    add_origin_option(*add, added)->required();
    auto changes = std::make_shared<Json>(Json{{"do", "service set"}});
    CLI::App* set = add_verb(*noun, run, "set", "Change what is given of a service", changes);
    bind_text(*set, "name", changes, "name", "Its name");
    bind_text(*set, "--vip", changes, "vip", "Address that clients connect to")->required(false);
    add_service_options(*set, changes);
    add_origin_option(*set, changes);
    set->add_flag_callback(
           "--every-egress", [=] { (*changes)["egresses"] = Json::array(); }, "Every node, as if none had been named")
        ->excludes(set->get_option("--egress"));
    set->add_flag_callback(
           "--no-vip-at", [=] { (*changes)["vips_at"] = Json::array(); }, "No VIPs of their own at nodes")
        ->excludes(set->get_option("--vip-at"));
    auto removed = std::make_shared<Json>(Json{{"do", "service remove"}});
    bind_text(*add_verb(*noun, run, "rm", "Remove a service", removed), "name", removed, "name", "Its name");
    add_list(app, run, "services", "All services",
             {"id", "name", "vip", "vips_at", "protocol", "first_port", "last_port", "served", "egresses", "origins"},
             AnsweredBy::agents_too);
}

void add_domain_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("domain", "Domains and the origins they lead to");
    noun->require_subcommand(1);
    auto set = std::make_shared<Json>(Json{{"do", "domain set"}});
    CLI::App* verb = add_verb(*noun, run, "set", "Lead a domain's service to an origin", set);
    bind_text(*verb, "domain", set, "domain", "Its name");
    bind_text(*verb, "origin", set, "origin", "Address of its origin");
    verb->add_option_function<std::string>(
        "--service", [=](const std::string& text) { (*set)["service"] = text; },
        "Service that the domain's clients use; without it the one it has, else the one of its name, else the only "
        "one");
    auto removed = std::make_shared<Json>(Json{{"do", "domain remove"}});
    bind_text(*add_verb(*noun, run, "rm", "Forget a domain", removed), "domain", removed, "domain", "Its name");
    add_list(app, run, "domains", "All domains", {"domain", "origin", "service"});
}

}  // namespace

void add_controller_nouns(CLI::App& app, Action& run) {
    add_token_noun(app, run);
    add_node_noun(app, run);
    add_service_noun(app, run);
    add_domain_noun(app, run);
    add_list(app, run, "controllers", "All controllers, and which of them leads", {"name", "address", "leads"});
    add_list(app, run, "groups", "Regions' groups: their masters, shares of clients, probes",
             {"region", "members", "master", "epoch", "shares", "probes_answered", "probes_lost"});
}

}  // namespace izar
