#include "tools/controller/controller_options.h"

#include "tools/program/command_line.h"

namespace izar {

Result<ControllerOptions> parse_controller_options(std::vector<std::string> arguments) {
    ControllerOptions out;
    CLI::App app{"izar-controller: holds the fleet's desired state and tells every node what the others measure."};
    app.add_option("--config", out.config, "scheduling-config.yaml (docs/control-plane.md)")->required();
    app.add_option("--discovery", out.discovery,
                   "node-discovery.yaml, taken up at start and at SIGHUP (docs/node-discovery.md)");
    app.add_option("--policy", out.policy,
                   "routing-policy.yaml, taken up at start and at SIGHUP (docs/routing-policy.md)");
    app.add_option("--import-sql", out.import_sql, "import an init_nodes.sql and end (docs/store.md)");
    app.add_flag("--check", out.check, "validate the configuration, discovery and policy, and end");
    app.add_flag("--dump-config", out.dump_config, "print the configuration in force, secrets masked, and end");
    app.add_flag("--dump-discovery", out.dump_discovery, "print node-discovery.yaml as it would be in force and end")
        ->needs("--discovery");
    app.add_flag("--dump-policy", out.dump_policy, "print routing-policy.yaml as it would be in force and end")
        ->needs("--policy");
    app.set_version_flag("--version", std::string("izar-controller ") + IZAR_VERSION);
    auto message = read_command_line(app, "izar-controller", std::move(arguments));
    if (!message) {
        return tl::unexpected(message.error());
    }
    out.message = std::move(*message);
    return out;
}

}  // namespace izar
