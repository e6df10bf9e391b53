#include "tools/izar/node_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "tools/izar/control_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

constexpr Nanos kPatience = std::chrono::seconds{10};

int complain(const NodeCommand& options, const std::string& text) {
    fmt::print(stderr, "izar {}: {}\n", options.noun, text);
    return kExitFailed;
}

}  // namespace

void add_node_options(CLI::App& noun, NodeCommand& options) {
    auto* socket = noun.add_option("--socket", options.socket, "Path of the node's control socket");
    noun.add_option("--node", options.node, "Name of the node, if several run on this machine")->excludes(socket);
    noun.add_option("-o,--output", options.output, "table or json")->check(CLI::IsMember({"table", "json"}));
}

int run_node_command(const NodeCommand& options, std::string command) {
    const auto socket = options.socket.empty() ? find_control_socket(options.node) : options.socket;
    if (!socket) {
        return complain(options, socket.error().text);
    }
    if (options.output == "json") {
        command += " json";
    }
    const auto reply = ask_node(*socket, command, kPatience);
    if (!reply) {
        return complain(options, reply.error().text);
    }
    std::FILE* out = reply->ok ? stdout : stderr;
    std::fwrite(reply->text.data(), 1, reply->text.size(), out);
    return reply->ok ? kExitDone : kExitFailed;
}

}  // namespace izar
