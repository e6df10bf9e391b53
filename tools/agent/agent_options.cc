#include "tools/agent/agent_options.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

#include "ctrl/config/place_keys.h"
#include "dataplane/config/yaml_reader.h"
#include "tools/agent/host_lookup.h"
#include "tools/program/command_line.h"

namespace izar {
namespace {

constexpr std::size_t kLongestPath = 4'096;
constexpr std::size_t kMostControllers = 16;

std::vector<std::string> texts_of(const std::vector<SocketAddress>& addresses) {
    std::vector<std::string> out;
    out.reserve(addresses.size());
    for (const SocketAddress& address : addresses) {
        out.push_back(address.text());
    }
    return out;
}

Result<SocketAddress> parse_controller(std::string_view text) {
    if (names_a_host(std::string(text))) {
        return fail(
            fmt::format("'{}' names a host, and the agent waits for nobody to look names up; write its address, "
                        "which `getent hosts {}` shows",
                        text, text.substr(0, text.rfind(':'))));
    }
    return SocketAddress::parse(text);
}

void read_controllers(const YamlCursor& at, std::vector<SocketAddress>& out) {
    std::vector<SocketAddress> controllers;
    for (const YamlCursor& each : at.list(kMostControllers)) {
        if (const auto address = each.parsed(parse_controller)) {
            controllers.push_back(*address);
        }
    }
    out = std::move(controllers);
}

// What each key alone cannot say: that it has to be there.
void check_whole(const AgentConfig& config, ConfigProblems& problems) {
    if (config.name.empty()) {
        problems.add({1, 1}, "name: give the name of this node, as in edge.yaml");
    }
    if (config.address.is_unspecified()) {
        problems.add({1, 1}, "address: say where this node's overlay packets go");
    }
    if (config.controllers.empty()) {
        problems.add({1, 1}, "controllers: list at least one: controllers: ['192.0.2.1:7443']");
    }
}

}  // namespace

Result<AgentOptions> parse_agent_options(std::vector<std::string> arguments) {
    AgentOptions out;
    CLI::App app{"izar-agent: tells izar-edge what its controller says, and the controller what izar-edge measures."};
    app.add_option("--config", out.config, "agent.yaml of this node (docs/agent-config.md)")->required();
    app.add_flag("--check", out.check, "validate the configuration and end");
    app.add_flag("--dump-config", out.dump_config, "print the configuration in force and end");
    auto* const join = app.add_option("--join", out.join, "join the fleet of the controller at HOST:PORT and end");
    auto* const token = app.add_option("--token", out.token,
                                       "with --join: what `izar token create` printed; every user of the machine can "
                                       "see it in ps for a moment");
    token->needs(join);
    app.add_option("--token-file", out.token_file,
                   "with --join: a file that holds it, - for standard input; without both the variable "
                   "IZAR_JOIN_TOKEN counts")
        ->needs(join)
        ->excludes(token);
    app.add_option(
        "--edge-config", out.edge_config,
        "write node, secrets and nodes into this edge.yaml: with --join, or of a node that has joined, and end");
    app.set_version_flag("--version", std::string("izar-agent ") + IZAR_VERSION);
    auto message = read_command_line(app, "izar-agent", std::move(arguments));
    if (!message) {
        return tl::unexpected(message.error());
    }
    out.message = std::move(*message);
    return out;
}

Result<std::string> join_token(const AgentOptions& options, std::span<const std::string> environment,
                               std::istream& input) {
    std::string out = options.token;
    if (options.token_file == "-") {
        std::getline(input, out);
    } else if (!options.token_file.empty()) {
        std::ifstream file(options.token_file);
        if (!std::getline(file, out)) {
            return fail(fmt::format("{}: holds no token, or cannot be read", options.token_file));
        }
    } else if (out.empty()) {
        const std::string begin = fmt::format("{}=", kTokenVariable);
        for (const std::string& variable : environment) {
            out = variable.starts_with(begin) ? variable.substr(begin.size()) : out;
        }
    }
    if (out.empty()) {
        return fail(
            fmt::format("--join needs --token-file, --token or the variable {}; `izar token create` on the "
                        "controller makes a token",
                        kTokenVariable));
    }
    return out;
}

std::vector<ConfigKey> agent_keys(AgentConfig& config) {
    std::vector<ConfigKey> keys;
    keys.push_back({.path = "name",
                    .kind = "a name",
                    .meaning = "Of this node, unique in the fleet, as in edge.yaml. Needed.",
                    .read = [&config](const YamlCursor& at) { assign(config.name, at.name()); },
                    .show = [&config] { return yaml_quoted(config.name); }});
    keys.push_back(
        {.path = "address",
         .kind = "an address",
         .meaning = "Where its overlay packets go. Needed.",
         .read =
             [&config](const YamlCursor& at) {
                 assign(config.address, at.parsed([](std::string_view text) { return IpAddress::parse(text); }));
             },
         .show =
             [&config] {
                 return config.address.is_unspecified() ? yaml_quoted("") : yaml_quoted(config.address.text());
             }});
    keys.push_back({.path = "controllers",
                    .kind = "a list of ADDRESS:PORT",
                    .meaning = "Any controller will do; the agent moves to the next when one does not answer. Needed.",
                    .read = [&config](const YamlCursor& at) { read_controllers(at, config.controllers); },
                    .show = [&config] { return yaml_list(texts_of(config.controllers)); }});
    keys.back().at_sighup = true;
    keys.push_back(text_key("state", "a path",
                            "Folder of its key, certificates and last data; empty: /var/lib/izar/NAME.", config.folder,
                            kLongestPath));
    keys.push_back(text_key("run", "a path",
                            "Folder of izar-edge's control socket and of the agent's own, agent.sock; empty: "
                            "/run/izar/NAME.",
                            config.run, kLongestPath));
    keys.push_back(place_key("metrics", "ADDRESS:PORT, none",
                             "Where Prometheus asks for /metrics, by HTTP and without a password; none: nowhere.",
                             config.metrics, InPlace::none));
    return keys;
}

Result<AgentConfig> parse_agent_config(const std::string& text, const std::string& file_name,
                                       std::span<const std::string> environment) {
    AgentConfig config;
    const auto check = [&](const ConfigMarks&, ConfigProblems& problems) { check_whole(config, problems); };
    if (auto read = read_config(agent_keys(config), text, file_name, environment, kAgentPrefix, check); !read) {
        return tl::unexpected(read.error());
    }
    if (config.folder.empty()) {
        config.folder = fmt::format("/var/lib/izar/{}", config.name);
    }
    if (config.run.empty()) {
        config.run = fmt::format("/run/izar/{}", config.name);
    }
    return config;
}

Result<AgentConfig> load_agent_config(const std::string& path, std::span<const std::string> environment) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_agent_config(*text, path, environment);
}

}  // namespace izar
