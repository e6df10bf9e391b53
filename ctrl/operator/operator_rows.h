// operator_rows.h -- Rows of answers to operators that a controller and an agent tell alike.
//
// docs/control-plane.md lists their keys.
//
// Thread: pure functions.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "dataplane/config/config_state.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"
#include "sched/feed.h"

namespace izar {

// What came of reading a program's configuration, as `izar config` tells it.
nlohmann::json config_row(const ConfigState& state);
// The same with the program's name; empty: it has none.
nlohmann::json config_answer(const ConfigState& state, const std::string& name);

nlohmann::json link_row(const FeedLink& link);
// Egresses are told by the names that `nodes` have.
nlohmann::json service_row(const Service& service, const std::map<NodeId, FleetNode>& nodes);

}  // namespace izar
