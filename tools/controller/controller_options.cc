#include "tools/controller/controller_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "dataplane/config/yaml_reader.h"

namespace izar {
namespace {

constexpr std::size_t kLongestPath = 4'096;
constexpr std::size_t kLongestSocket = 107;  // sun_path without its terminator, unix(7)

void read_keys(const YamlMap& root, ControllerConfig& config) {
    if (const auto listen = root.need("listen", "where agents connect: listen: 0.0.0.0:7443")) {
        assign(config.agents, listen->parsed([](std::string_view text) { return SocketAddress::parse(text); }));
    }
    config.operator_socket = "/run/izar/controller.sock";
    config.folder = "/var/lib/izar/controller";
    if (const auto socket = root.find("operator_socket")) {
        assign(config.operator_socket, socket->text(kLongestSocket));
    }
    if (const auto folder = root.find("state")) {
        assign(config.folder, folder->text(kLongestPath));
    }
}

}  // namespace

Result<ControllerOptions> parse_controller_options(std::vector<std::string> arguments) {
    ControllerOptions out;
    CLI::App app{"izar-controller: holds the fleet's desired state and tells every node what the others measure."};
    app.add_option("--config", out.config, "scheduling-config.yaml (docs/control-plane.md)")->required();
    app.add_flag("--check", out.check, "validate the configuration and end");
    app.set_version_flag("--version", std::string("izar-controller ") + IZAR_VERSION);
    std::ranges::reverse(arguments);  // CLI11 takes its vector from the back
    try {
        app.parse(arguments);
    } catch (const CLI::CallForHelp&) {
        out.message = app.help();
    } catch (const CLI::CallForVersion&) {
        out.message = app.version();
    } catch (const CLI::ParseError& error) {
        return fail(std::string(error.what()) + "; see izar-controller --help");
    }
    return out;
}

Result<ControllerConfig> parse_controller_config(const std::string& text, const std::string& file_name) {
    const auto tree = parse_yaml(text, file_name);
    if (!tree) {
        return tl::unexpected(tree.error());
    }
    ConfigProblems problems(file_name);
    const YamlCursor top(*tree, "", problems);
    ControllerConfig config;
    if (const auto root = top.map({"listen", "operator_socket", "state"})) {
        read_keys(*root, config);
    }
    if (!problems.empty()) {
        return fail(problems.text());
    }
    return config;
}

Result<ControllerConfig> load_controller_config(const std::string& path) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_controller_config(*text, path);
}

}  // namespace izar
