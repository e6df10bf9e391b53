// node_command.h -- A command sent to one node's control socket, as several nouns do it.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace izar {

// Where to send it and how to print the answer.
struct NodeCommand {
    std::string noun;  // for messages: "edge", "path"
    std::string socket;
    std::string node;
    std::string output = "table";
};

// Registers --socket, --node and --output.
void add_node_options(CLI::App& noun, NodeCommand& options);

// Sends the command; answers go to stdout, refusals to stderr. Gives the exit code of the process.
int run_node_command(const NodeCommand& options, std::string command);

}  // namespace izar
