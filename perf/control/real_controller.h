// real_controller.h -- RealController: an izar-controller process of its own, with its state in a folder of ours.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctrl/agent/identity.h"
#include "ctrl/store/records.h"
#include "dataplane/base/result.h"
#include "perf/control/child_process.h"
#include "perf/control/simulated_fleet.h"

namespace izar {

// The controller's state with all nodes of the fleet joined, as if they had come one by one, region by region in turn.
// In order of their ids.
Result<std::vector<Identity>> make_fleet(const FleetOptions& options, const std::string& folder, WallTime now);

class RealController {
  public:
    // Ends with us. It listens when operator_socket() is there.
    RealController(const std::string& program, std::string folder, std::uint16_t port);

    std::string operator_socket() const { return folder_ + "/sock"; }
    const ChildProcess& process() const noexcept { return process_; }

  private:
    std::string folder_;
    ChildProcess process_;
};

}  // namespace izar
