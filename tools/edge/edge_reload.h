// edge_reload.h -- EdgeReload: izar-edge's files, read again at SIGHUP. The file of link secrets is put in force; keys
// of edge.yaml that changed are named and wait for a restart. A mistake in any of the files changes nothing.
//
// Thread: the main thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/config/config_state.h"
#include "dataplane/config/edge_config.h"

namespace izar {

struct EdgeReloadParts {
    std::string path;                      // of edge.yaml
    std::vector<std::string> environment;  // overrides the file's keys
    EdgeConfig in_force;                   // as it was read at the start
    // Puts what the file of link secrets has now in force, and gives a line for the log, or says why not; not called
    // with `security: none`.
    std::function<Result<std::string>()> replace_secrets;
    std::function<std::chrono::sys_seconds()> wall_clock;
    std::function<void(const std::string&)> log;  // of what happened
    std::function<void(const std::string&)> complain;
};

class EdgeReload {
  public:
    explicit EdgeReload(EdgeReloadParts parts) : parts_(std::move(parts)) {}

    // Says what came of it in the log, and gives it for operators who ask.
    const ConfigState& act();

  private:
    Result<void> take();

    EdgeReloadParts parts_;
    ConfigState state_;
};

}  // namespace izar
