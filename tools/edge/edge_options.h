// edge_options.h -- The command line of izar-edge: EAL arguments, `--`, then its own options.
//
// Thread: main, before anything else runs.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

struct EdgeOptions {
    std::vector<std::string> eal;  // everything in front of `--`
    std::string config;
    std::string cmdline_file;  // commands to run at start
    std::string trace;         // file that records what the scheduler thread is told; empty: none
    bool interactive = false;  // -i: a prompt on the terminal
    bool check = false;        // only validate the configuration
    bool dump_config = false;  // print it with all defaults, and end
    bool dump_policy = false;  // the same of the routing policy
    std::string message;       // not empty: print it and end (--help, --version)
};

// `arguments` without the program's name. Without `--` all of them are izar-edge's own.
Result<EdgeOptions> parse_edge_options(std::vector<std::string> arguments);

}  // namespace izar
