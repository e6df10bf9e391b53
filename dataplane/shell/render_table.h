// render_table.h -- Rows of a NodeView as text for people. The same data for programs: render_json.h.
//
// Thread: pure functions. Every text ends in a newline; what was not measured shows as "-".
#pragma once

#include <string>
#include <vector>

#include "dataplane/shell/node_view.h"

namespace izar {

std::string table_of(const NodeStatus& status);  // one line: the node, its security, whether it forwards
std::string table_of(const std::vector<PortInfo>& ports);
std::string table_of(const std::vector<PortStats>& ports);
std::string table_of(const Totals& totals, const std::vector<LcoreRow>& lcores);  // show fwd stats
std::string table_of(const std::vector<LcoreRow>& lcores);
std::string table_of(const std::vector<LinkRow>& links);
std::string table_of(const std::vector<PathRow>& paths);
std::string table_of(const PathChoice& choice);
std::string table_of(const std::vector<ServiceRow>& services);
std::string table_of(const FlowPage& flows);
std::string table_of(const std::vector<VerdictRow>& verdicts);
std::string table_of(const std::vector<RttRow>& rtts);
std::string table_of(const std::vector<ProbeRow>& probes);
std::string table_of(const ConfigState& state);

}  // namespace izar
