// `izar edge CMD...`: any command of a node's shell, by its control socket.
#include <memory>
#include <string>
#include <vector>

#include "tools/izar/node_command.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

struct EdgeOptions {
    NodeCommand target;
    std::vector<std::string> words;
};

int run_edge(const EdgeOptions& options) {
    std::string command;
    for (const std::string& word : options.words) {
        command += (command.empty() ? "" : " ") + word;
    }
    return run_node_command(options.target, command);
}

}  // namespace

void add_edge_noun(CLI::App& app, Action& run) {
    auto options = std::make_shared<EdgeOptions>();
    options->target.noun = "edge";
    CLI::App* noun = app.add_subcommand("edge", "Send a command to a running izar-edge: izar edge show paths");
    add_node_options(*noun, options->target);
    noun->add_option("command", options->words, "The command; 'help' lists them")->required();
    noun->callback([options, &run] { run = [options] { return run_edge(*options); }; });
}

}  // namespace izar
