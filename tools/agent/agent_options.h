// agent_options.h -- The command line of izar-agent.
//
// Thread: main, before anything else runs.
#pragma once

#include <string>
#include <vector>

#include "ctrl/loop/sockets.h"
#include "dataplane/base/result.h"

namespace izar {

struct AgentOptions {
    std::string config;
    bool check = false;
    std::string join;     // a controller's address: join and end
    std::string token;    // with join
    std::string message;  // not empty: print it and end (--help, --version)
};

// `arguments` without the program's name.
Result<AgentOptions> parse_agent_options(std::vector<std::string> arguments);

// agent.yaml. docs/control-plane.md lists the keys.
struct AgentConfig {
    std::string name;    // of this node
    IpAddress address;   // where its overlay packets go
    std::string folder;  // of state: key, certificates, static data
    std::string run;     // folder of izar-edge's control socket, of the shared memory and of our own socket
    std::vector<SocketAddress> controllers;
};

Result<AgentConfig> load_agent_config(const std::string& path);
// Keys that differ and count only from the next start on: all but `controllers`.
std::vector<std::string> keys_for_restart(const AgentConfig& in_force, const AgentConfig& next);
Result<AgentConfig> parse_agent_config(const std::string& text, const std::string& file_name);

}  // namespace izar
