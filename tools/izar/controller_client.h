// controller_client.h -- How nouns ask a controller, and show its answers as tables.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

// A controller on this machine by its operator socket, this machine's node by its agent's, or with `api` any controller
// by its HTTPS API.
struct ControllerTarget {
    std::string socket;
    bool local = false;      // the node, though there is a controller
    std::string node;        // whose agent; empty: the only one on this machine
    std::string api;         // HOST or HOST:PORT
    std::string token_file;  // "-": standard input; empty: the variable IZAR_API_TOKEN, or this machine's controller's
    std::string authority = "/var/lib/izar/controller/authority.crt";
    std::string output = "table";
    double watch_s = 0;  // between two looks; 0: one look
};

// HOST:PORT of what may lack the port.
std::string api_place(const std::string& api);

// The socket that is asked without `api`. Where nothing was said it is that of this machine's controller or, if there
// is none, of its node's agent. The error says that there are several nodes, or none.
Result<std::string> target_socket(const ControllerTarget& target, const std::string& run_directory);

// Adds --socket, --api, --token-file, --authority and --output to a command.
void add_controller_target(CLI::App& command, const std::shared_ptr<ControllerTarget>& target);
// To one that agents answer, too: the same, --local and --node.
void add_local_target(CLI::App& command, const std::shared_ptr<ControllerTarget>& target);

// Adds --watch [SECONDS].
void add_watch(CLI::App& command, const std::shared_ptr<ControllerTarget>& target);
// Looks once, or with --watch again and again until the user ends it, whatever a look's code; on a terminal each takes
// the place of the one before.
int watched(const ControllerTarget& target, const std::function<int()>& look);

// Sends the request, prints the answer (`show` prints one for people) and gives the exit code.
int ask_controller(const ControllerTarget& target, const nlohmann::json& request,
                   const std::function<void(const nlohmann::json&)>& show);

// The answer itself; an error says why there is none.
Result<nlohmann::json> controller_answer(const ControllerTarget& target, const nlohmann::json& request);

// A value as a cell of a table.
std::string cell(const nlohmann::json& value);
// Columns as wide as their widest cell, in the order given; those that no row has are left out.
std::string table_text(const nlohmann::json& rows, const std::vector<std::string>& columns);
void print_table(const nlohmann::json& rows, const std::vector<std::string>& columns);
// A line for each key; of pairs within a pair as "edge.generation".
std::string pairs_text(const nlohmann::json& pairs);
void print_pairs(const nlohmann::json& pairs);

}  // namespace izar
