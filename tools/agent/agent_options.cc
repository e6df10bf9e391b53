#include "tools/agent/agent_options.h"

#include <fmt/format.h>

#include <utility>

#include "dataplane/config/yaml_reader.h"
#include "tools/program/command_line.h"

namespace izar {
namespace {

constexpr std::size_t kLongestPath = 4'096;
constexpr std::size_t kMostControllers = 16;

void read_keys(const YamlMap& root, AgentConfig& config) {
    if (const auto name = root.need("name", "the name of this node, as in edge.yaml")) {
        assign(config.name, name->name());
    }
    if (const auto address = root.need("address", "where this node's overlay packets go")) {
        assign(config.address, address->parsed([](std::string_view text) { return IpAddress::parse(text); }));
    }
    config.folder = fmt::format("/var/lib/izar/{}", config.name);
    config.run = fmt::format("/run/izar/{}", config.name);
    if (const auto folder = root.find("state")) {
        assign(config.folder, folder->text(kLongestPath));
    }
    if (const auto run = root.find("run")) {
        assign(config.run, run->text(kLongestPath));
    }
    if (const auto controllers = root.need("controllers", "list at least one: controllers: ['192.0.2.1:7443']")) {
        for (const YamlCursor& each : controllers->list(kMostControllers)) {
            if (const auto address = each.parsed([](std::string_view text) { return SocketAddress::parse(text); })) {
                config.controllers.push_back(*address);
            }
        }
        if (config.controllers.empty()) {
            controllers->problem("names no controller; write controllers: ['192.0.2.1:7443']");
        }
    }
}

}  // namespace

Result<AgentOptions> parse_agent_options(std::vector<std::string> arguments) {
    AgentOptions out;
    CLI::App app{"izar-agent: tells izar-edge what its controller says, and the controller what izar-edge measures."};
    app.add_option("--config", out.config, "agent.yaml of this node (docs/control-plane.md)")->required();
    app.add_flag("--check", out.check, "validate the configuration and end");
    auto* const join = app.add_option("--join", out.join, "join the fleet of the controller at ADDRESS:PORT and end");
    app.add_option("--token", out.token, "with --join: what `izar token create` printed")->needs(join);
    app.set_version_flag("--version", std::string("izar-agent ") + IZAR_VERSION);
    auto message = read_command_line(app, "izar-agent", std::move(arguments));
    if (!message) {
        return tl::unexpected(message.error());
    }
    out.message = std::move(*message);
    if (out.message.empty() && !out.join.empty() && out.token.empty()) {
        return fail("--join needs --token; `izar token create` on the controller makes one");
    }
    return out;
}

Result<AgentConfig> parse_agent_config(const std::string& text, const std::string& file_name) {
    const auto tree = parse_yaml(text, file_name);
    if (!tree) {
        return tl::unexpected(tree.error());
    }
    ConfigProblems problems(file_name);
    const YamlCursor top(*tree, "", problems);
    AgentConfig config;
    if (const auto root = top.map({"name", "address", "state", "run", "controllers"})) {
        read_keys(*root, config);
    }
    if (!problems.empty()) {
        return fail(problems.text());
    }
    return config;
}

std::vector<std::string> keys_for_restart(const AgentConfig& in_force, const AgentConfig& next) {
    const std::pair<const char*, bool> keys[] = {{"name", in_force.name != next.name},
                                                 {"address", in_force.address != next.address},
                                                 {"state", in_force.folder != next.folder},
                                                 {"run", in_force.run != next.run}};
    std::vector<std::string> out;
    for (const auto& [key, differs] : keys) {
        if (differs) {
            out.emplace_back(key);
        }
    }
    return out;
}

Result<AgentConfig> load_agent_config(const std::string& path) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_agent_config(*text, path);
}

}  // namespace izar
