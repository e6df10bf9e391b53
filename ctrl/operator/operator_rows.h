// operator_rows.h -- Rows of answers to operators that a controller and an agent tell alike.
//
// docs/control-plane.md lists their keys.
//
// Thread: pure functions.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"
#include "sched/feed.h"

namespace izar {

// What came of reading a program's configuration, as `izar config` tells it.
struct ConfigState {
    std::uint64_t generation = 1;                          // of what is in force; 1: of the start
    std::string problem{};                                 // why the newest files are not; empty: they are
    std::vector<std::string> needs_restart{};              // changed keys that wait for a restart
    std::optional<std::chrono::sys_seconds> read_again{};  // when SIGHUP came last; none: never
};
// `name` of the program; empty: it has none.
nlohmann::json config_answer(const ConfigState& state, const std::string& name);

nlohmann::json link_row(const FeedLink& link);
// Egresses are told by the names that `nodes` have.
nlohmann::json service_row(const Service& service, const std::map<NodeId, FleetNode>& nodes);

}  // namespace izar
