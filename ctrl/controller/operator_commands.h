// operator_commands.h -- What an operator can ask of a controller: one line of JSON in, JSON out.
//
//   {"do": "token create", "region": "eu-west", "ttl_s": 3600, "uses": 1}
//
// docs/control-plane.md lists the commands and their keys.
//
// Thread: the controller's. Errors: say what to write instead, and nothing was changed then; or, `later`, that the
// store
//         does not answer, and whether it may have been changed.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_error.h"

namespace izar {

class OperatorCommands {
  public:
    using RandomBytes = std::function<void(std::span<std::uint8_t>)>;  // from the system's generator

    OperatorCommands(Controller& controller, RandomBytes random)
        : controller_(controller), random_(std::move(random)) {}

    Answered<std::string> answer(std::string_view line);

  private:
    Controller& controller_;
    RandomBytes random_;
};

}  // namespace izar
