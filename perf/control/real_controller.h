// real_controller.h -- RealController: an izar-controller process of its own, with its state in a folder of ours.
//
// Thread: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"
#include "perf/control/simulated_fleet.h"

namespace izar {

// The controller's state with all nodes of the fleet joined, as if they had come one by one; each is given to `add`, in
// order of their ids.
Result<void> make_fleet(const FleetOptions& options, const std::string& folder, WallTime now,
                        const std::function<void(NodeId, TlsContext)>& add);

class RealController {
  public:
    // Ends with us. It listens when operator_socket() is there.
    RealController(const std::string& program, std::string folder, std::uint16_t port);
    ~RealController();
    RealController(const RealController&) = delete;

    std::string operator_socket() const { return folder_ + "/sock"; }
    double cpu_seconds() const;
    double peak_mib() const;

  private:
    std::string folder_;
    pid_t process_;
};

}  // namespace izar
