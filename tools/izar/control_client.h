// control_client.h -- One command to a node's control socket, one answer back (docs/control-socket.md).
//
// Thread: any; blocking, with a limit on how long the node may stay silent.
#pragma once

#include <string>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

struct ControlReply {
    bool ok = false;
    std::string text;
};

inline constexpr std::size_t kLongestReply = std::size_t{64} << 20;  // bytes; more is no izar-edge

// An error means that there was no answer: nobody listens, or what came was not the protocol.
Result<ControlReply> ask_node(const std::string& socket_path, const std::string& command, Nanos patience);

inline constexpr const char* kRunDirectory = "/run/izar";

// The control socket of a node by name, or of the only node there is if the name is empty.
Result<std::string> find_control_socket(const std::string& node, const std::string& run_directory = kRunDirectory);
// The same of a node's izar-agent.
Result<std::string> find_agent_socket(const std::string& node, const std::string& run_directory = kRunDirectory);

}  // namespace izar
