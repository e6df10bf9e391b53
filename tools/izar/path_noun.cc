// `izar paths` (also `izar path list`) and `izar path explain A B`: which way packets go, and why.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "tools/izar/node_command.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

struct PathOptions {
    NodeCommand target;
    std::string from;
    std::string to;
    std::string policy;
};

}  // namespace

void add_path_noun(CLI::App& app, Action& run) {
    auto options = std::make_shared<PathOptions>();
    options->target.noun = "path";
    CLI::App* noun = app.add_subcommand("path", "Paths through the overlay, as a node knows them");
    noun->require_subcommand(1);
    const std::string what = "The path to each node, its backup, and why it was chosen";
    for (CLI::App* const list : {noun->add_subcommand("list", what), app.add_subcommand("paths", what)}) {
        add_node_options(*list, options->target);
        list->callback(
            [options, &run] { run = [options] { return run_node_command(options->target, "show paths"); }; });
    }
    CLI::App* explain = noun->add_subcommand("explain", "Every candidate from A to B with the terms of its cost");
    add_node_options(*explain, options->target);
    explain->add_option("A", options->from, "Name of the first node")->required();
    explain->add_option("B", options->to, "Name of the last node")->required();
    explain->add_option("POLICY", options->policy, "Routing policy; without it, the default one");
    explain->callback([options, &run] {
        run = [options] {
            const std::string policy = options->policy.empty() ? "" : " policy " + options->policy;
            return run_node_command(options->target,
                                    fmt::format("explain path {} {}{}", options->from, options->to, policy));
        };
    });
}

}  // namespace izar
