// render_json.h -- Rows of a NodeView as JSON, one document of one line. docs/json.md lists every key.
//
// Every document is an object that begins with "node", "id" and "security"; units are in the key names
// and what was not measured is null. The same data for people: render_table.h.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <vector>

#include "dataplane/shell/node_view.h"

namespace izar {

std::string json_of(const NodeStatus& status);  // the answer of commands that only act
std::string json_of(const NodeStatus& status, const std::vector<PortInfo>& ports);
std::string json_of(const NodeStatus& status, const std::vector<PortStats>& ports);
std::string json_of(const NodeStatus& status, const Totals& totals, const std::vector<LcoreRow>& lcores);
std::string json_of(const NodeStatus& status, const std::vector<LcoreRow>& lcores);
std::string json_of(const NodeStatus& status, const std::vector<LinkRow>& links);
std::string json_of(const NodeStatus& status, const std::vector<PathRow>& paths);
std::string json_of(const NodeStatus& status, const PathChoice& choice);
std::string json_of(const NodeStatus& status, const std::vector<ServiceRow>& services);
std::string json_of(const NodeStatus& status, const FlowPage& flows);
std::string json_of(const NodeStatus& status, const std::vector<VerdictRow>& verdicts);
std::string json_of(const NodeStatus& status, const std::vector<RttRow>& rtts);
std::string json_of(const NodeStatus& status, const std::vector<ProbeRow>& probes);
std::string json_of(const NodeStatus& status, const EdgeConfig& config);
std::string json_of(const NodeStatus& status, const ConfigState& state);

}  // namespace izar
