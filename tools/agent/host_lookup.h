// host_lookup.h -- HOST:PORT as addresses, for a command that may wait for the name service.
//
// Thread: any; waits as long as the system's resolver does. Errors: say what to write instead.
#pragma once

#include <string>
#include <vector>

#include "ctrl/loop/sockets.h"
#include "dataplane/base/result.h"

namespace izar {

// "192.0.2.1:7443", "[2001:db8::1]:7443" or "controller.example:7443"; of a name all addresses, the system's best
// first.
Result<std::vector<SocketAddress>> look_up(const std::string& text);

// Whether the text is HOST:PORT with a name in place of an address.
bool names_a_host(const std::string& text);

}  // namespace izar
