#include "tools/edge/edge_options.h"

#include <algorithm>

#include "tools/program/command_line.h"

namespace izar {

Result<EdgeOptions> parse_edge_options(std::vector<std::string> arguments) {
    EdgeOptions out;
    const auto dashes = std::ranges::find(arguments, "--");
    if (dashes != arguments.end()) {
        out.eal.assign(arguments.begin(), dashes);
        arguments.erase(arguments.begin(), dashes + 1);
    }
    CLI::App app{"izar-edge: forwards client traffic over the fastest healthy path", "izar-edge [EAL arguments] --"};
    app.add_option("--config", out.config, "edge.yaml of this node (docs/edge-config.md)")->required();
    app.add_option("--cmdline-file", out.cmdline_file, "file with commands to run at start");
    app.add_option("--trace", out.trace, "file to record measurements in, at most 256 MiB, for izar replay --trace");
    app.add_flag("-i,--interactive", out.interactive, "prompt on the terminal");
    app.add_flag("--check", out.check, "validate the configuration and the routing policy, and end");
    app.add_flag("--dump-config", out.dump_config, "print the configuration with all its defaults and end");
    app.add_flag("--dump-policy", out.dump_policy, "print the routing policy with all its defaults and end");
    app.set_version_flag("--version", std::string("izar-edge ") + IZAR_VERSION);
    auto message = read_command_line(app, "izar-edge", std::move(arguments));
    if (!message) {
        return tl::unexpected(message.error());
    }
    out.message = std::move(*message);
    return out;
}

}  // namespace izar
