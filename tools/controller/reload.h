// reload.h -- Reload: izar-controller's files, read again at SIGHUP: all of them are taken up, or none.
//
// Keys of scheduling-config.yaml that need a restart are named, and stay as they are until then.
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/controller/controller_options.h"
#include "tools/controller/seat.h"

namespace izar {

class Reload {
  public:
    // `config` is in force, the seat's too; keys that can change change there. `environment` overrides the files' keys.
    Reload(ControllerOptions options, SchedulingConfig& config, std::vector<std::string> environment, Seat& seat,
           std::function<void(const std::string&)> log);

    // Says what came of it in the log and to the seat.
    void act();

  private:
    Result<ReadAgain> read() const;
    void take(ReadAgain files);

    ControllerOptions options_;
    SchedulingConfig& config_;
    std::vector<std::string> environment_;
    Seat& seat_;
    std::function<void(const std::string&)> log_;
    ConfigState state_;
};

}  // namespace izar
