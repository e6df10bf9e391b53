// operator_lists.h -- What an operator can ask of a controller without changing anything: lists, and history.
//
// docs/control-plane.md lists the rows' keys.
//
// Thread: the controller's.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_error.h"
#include "ctrl/controller/operator_request.h"

namespace izar {

// The answer to the question of this name; nothing if it is none. The error says what to write instead.
std::optional<Answered<nlohmann::json>> answer_question(Controller& controller, const std::string& name,
                                                        OperatorRequest& request);

// As answers tell a time.
std::int64_t seconds_since_1970(WallTime time);

}  // namespace izar
