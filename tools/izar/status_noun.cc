// `izar status`: the fleet as its leading controller sees it, or one node as its agent does. `izar config`: what a
// controller, or with --local this node's agent and izar-edge, last read.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/izar/controller_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

// Of pairs within a pair as "edge.generation".
Json flat(const Json& pairs, const std::string& prefix = "") {
    Json out = Json::object();
    for (const auto& [key, value] : pairs.items()) {
        if (value.is_object()) {
            out.update(flat(value, prefix + key + "."));
        } else {
            out[prefix + key] = value;
        }
    }
    return out;
}

void print_pairs(const Json& answer) {
    const Json pairs = flat(answer);
    std::size_t width = 0;
    for (const auto& [key, value] : pairs.items()) {
        width = std::max(width, key.size());
    }
    for (const auto& [key, value] : pairs.items()) {
        fmt::print("{:<{}}  {}\n", key, width, cell(value));
    }
}

}  // namespace

void add_status_noun(CLI::App& app, Action& run) {
    const auto target = std::make_shared<ControllerTarget>();
    CLI::App* status = app.add_subcommand("status", "The fleet in a few figures; with --local, this node");
    add_local_target(*status, target);
    status->callback([=, &run] { run = [=] { return ask_controller(*target, {{"do", "status"}}, print_pairs); }; });
    CLI::App* config = app.add_subcommand("config",
                                          "Whether the configuration of a controller, with --local of this node's "
                                          "agent and izar-edge, is in force, and which keys wait");
    add_local_target(*config, target);
    config->callback([=, &run] { run = [=] { return ask_controller(*target, {{"do", "config"}}, print_pairs); }; });
}

}  // namespace izar
