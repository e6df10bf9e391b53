// controller_options.h -- The command line of izar-controller, and its scheduling-config.yaml.
//
// Thread: main, before anything else runs.
#pragma once

#include <string>
#include <vector>

#include "ctrl/loop/sockets.h"
#include "dataplane/base/result.h"

namespace izar {

struct ControllerOptions {
    std::string config;
    bool check = false;
    std::string message;  // not empty: print it and end (--help, --version)
};

// `arguments` without the program's name.
Result<ControllerOptions> parse_controller_options(std::vector<std::string> arguments);

// docs/control-plane.md lists the keys.
struct ControllerConfig {
    SocketAddress agents;         // where agents connect
    std::string operator_socket;  // where `izar` connects
    std::string folder;           // of state: authority, secret, database
};

Result<ControllerConfig> load_controller_config(const std::string& path);
Result<ControllerConfig> parse_controller_config(const std::string& text, const std::string& file_name);

}  // namespace izar
