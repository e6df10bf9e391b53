// `izar status`: the fleet as its leading controller sees it, or one node as its agent does. `izar config`: what a
// controller, or with --local this node's agent and izar-edge, last read.
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/izar/controller_client.h"
#include "tools/izar/noun.h"

namespace izar {
void add_status_noun(CLI::App& app, Action& run) {
    const auto target = std::make_shared<ControllerTarget>();
    CLI::App* status = app.add_subcommand("status", "The fleet in a few figures; with --local, this node");
    add_local_target(*status, target);
    add_watch(*status, target);
    status->callback([=, &run] {
        run = [=] {
            return watched(*target, [&] { return ask_controller(*target, {{"do", "status"}}, print_pairs); });
        };
    });
    CLI::App* config = app.add_subcommand("config",
                                          "Whether the configuration of a controller, with --local of this node's "
                                          "agent and izar-edge, is in force, and which keys wait");
    add_local_target(*config, target);
    config->callback([=, &run] { run = [=] { return ask_controller(*target, {{"do", "config"}}, print_pairs); }; });
}

}  // namespace izar
