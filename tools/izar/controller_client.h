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

// A controller on this machine by its operator socket, or with `api` any by its HTTPS API.
struct ControllerTarget {
    std::string socket = "/run/izar/controller.sock";
    std::string api;  // HOST:PORT
    std::string token_file = "/var/lib/izar/controller/api.token";
    std::string authority = "/var/lib/izar/controller/authority.crt";
    std::string output = "table";
};

// Adds --socket, --api, --token-file, --authority and --output to a command.
void add_controller_target(CLI::App& command, const std::shared_ptr<ControllerTarget>& target);

// Sends the request, prints the answer (`show` prints one for people) and gives the exit code.
int ask_controller(const ControllerTarget& target, const nlohmann::json& request,
                   const std::function<void(const nlohmann::json&)>& show);

// The answer itself; an error says why there is none.
Result<nlohmann::json> controller_answer(const ControllerTarget& target, const nlohmann::json& request);

// A value as a cell of a table.
std::string cell(const nlohmann::json& value);
// Columns as wide as their widest cell, in the order given.
void print_table(const nlohmann::json& rows, const std::vector<std::string>& columns);

}  // namespace izar
