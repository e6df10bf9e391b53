// controller_options.h -- The command line of izar-controller.
//
// Thread: main, before anything else runs.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

struct ControllerOptions {
    std::string config;
    std::string discovery;   // path of node-discovery.yaml; empty: none
    std::string policy;      // path of routing-policy.yaml; empty: the one that the store has, if any
    std::string import_sql;  // path of an SQL file to import; then end
    bool check = false;
    bool dump_config = false;     // print the configuration in force, secrets masked, and end
    bool dump_discovery = false;  // the same of node-discovery.yaml
    bool dump_policy = false;     // the same of routing-policy.yaml
    std::string message;          // not empty: print it and end (--help, --version)
};

// `arguments` without the program's name.
Result<ControllerOptions> parse_controller_options(std::vector<std::string> arguments);

}  // namespace izar
