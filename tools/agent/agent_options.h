// agent_options.h -- The command line of izar-agent.
//
// Thread: main, before anything else runs.
#pragma once

#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/loop/sockets.h"
#include "dataplane/base/result.h"
#include "dataplane/config/config_keys.h"

namespace izar {

struct AgentOptions {
    std::string config;
    bool check = false;
    bool dump_config = false;  // print the configuration in force and end
    std::string join;          // a controller's address: join and end
    std::string token;         // with join, as it stands on the command line; visible in ps
    std::string token_file;    // with join: a path, or "-" for standard input; empty: none
    std::string edge_config;   // edge.yaml: fill in who this node is, with join or once it has joined, and end
    std::string message;       // not empty: print it and end (--help, --version)
};

// `arguments` without the program's name.
Result<AgentOptions> parse_agent_options(std::vector<std::string> arguments);

inline constexpr std::string_view kTokenVariable = "IZAR_JOIN_TOKEN";

// The token to join with: of the command line, the file, or the variable of the environment ("NAME=value" each).
Result<std::string> join_token(const AgentOptions& options, std::span<const std::string> environment,
                               std::istream& input);

// agent.yaml. docs/agent-config.md lists the keys.
struct AgentConfig {
    std::string name;    // of this node
    IpAddress address;   // where its overlay packets go
    std::string folder;  // of state: key, certificates, static data
    std::string run;     // folder of izar-edge's control socket, of the shared memory and of our own socket
    std::vector<SocketAddress> controllers;  // at least one
    std::string metrics = "127.0.0.1:9099";  // "none": nowhere
};

inline constexpr std::string_view kAgentPrefix = "IZAR_AGENT_";

// The keys of the file, bound to this config, which must outlive them.
std::vector<ConfigKey> agent_keys(AgentConfig& config);

// `environment`: "NAME=value" each.
Result<AgentConfig> load_agent_config(const std::string& path, std::span<const std::string> environment);
Result<AgentConfig> parse_agent_config(const std::string& text, const std::string& file_name,
                                       std::span<const std::string> environment);

}  // namespace izar
