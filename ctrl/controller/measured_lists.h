// measured_lists.h -- What the public tables of measurements hold, as answers to operators: system_info,
// region_probe_info and network_metrics, each row with its age. Rows that were imported are told like the nodes' own.
//
// docs/control-plane.md lists the rows' keys.
//
// Thread: the controller's.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_error.h"
#include "ctrl/controller/operator_request.h"

namespace izar {

inline constexpr std::size_t kMostProbesRead = 20'000;     // the newest of the table; of each pair one is told
inline constexpr std::size_t kMostNodesWithMetrics = 100;  // of a larger fleet an answer is about one node's links

// The newest sample of each node, or of `node`.
Answered<nlohmann::json> list_system(Controller& controller, OperatorRequest& request);
// The newest probe of each pair of addresses, or of those from or to `region`.
Answered<nlohmann::json> list_probes(Controller& controller, OperatorRequest& request);
// The latest of each link, or of those from `node`.
Answered<nlohmann::json> list_metrics(Controller& controller, OperatorRequest& request);

}  // namespace izar
