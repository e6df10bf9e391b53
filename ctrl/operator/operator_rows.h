// operator_rows.h -- Rows of answers to operators that a controller and an agent tell alike.
//
// docs/control-plane.md lists their keys.
//
// Thread: pure functions.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>

#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"
#include "sched/feed.h"

namespace izar {

nlohmann::json link_row(const FeedLink& link);
// Egresses are told by the names that `nodes` have.
nlohmann::json service_row(const Service& service, const std::map<NodeId, FleetNode>& nodes);

}  // namespace izar
