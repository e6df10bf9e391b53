// `izar edge CMD...`: any command of a node's shell, by its control socket.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/izar/control_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

constexpr Nanos kPatience = std::chrono::seconds{10};

struct EdgeOptions {
    std::string socket;
    std::string node;
    std::string output = "table";
    std::vector<std::string> words;
};

int run_edge(const EdgeOptions& options) {
    const auto socket = options.socket.empty() ? find_control_socket(options.node) : options.socket;
    if (!socket) {
        fmt::print(stderr, "izar edge: {}\n", socket.error().text);
        return kExitFailed;
    }
    std::string command;
    for (const std::string& word : options.words) {
        command += (command.empty() ? "" : " ") + word;
    }
    if (options.output == "json") {
        command += " json";
    }
    const auto reply = ask_node(*socket, command, kPatience);
    if (!reply) {
        fmt::print(stderr, "izar edge: {}\n", reply.error().text);
        return kExitFailed;
    }
    // Answers are the program's output, refusals its error.
    std::FILE* out = reply->ok ? stdout : stderr;
    std::fwrite(reply->text.data(), 1, reply->text.size(), out);
    return reply->ok ? kExitDone : kExitFailed;
}

}  // namespace

void add_edge_noun(CLI::App& app, Action& run) {
    auto options = std::make_shared<EdgeOptions>();
    CLI::App* noun = app.add_subcommand("edge", "Send a command to a running izar-edge: izar edge show paths");
    auto* socket = noun->add_option("--socket", options->socket, "Path of its control socket");
    noun->add_option("--node", options->node, "Name of the node, if several run on this machine")->excludes(socket);
    noun->add_option("-o,--output", options->output, "table or json")->check(CLI::IsMember({"table", "json"}));
    noun->add_option("command", options->words, "The command; 'help' lists them")->required();
    noun->callback([options, &run] { run = [options] { return run_edge(*options); }; });
}

}  // namespace izar
