// agent_metrics.h -- What an agent tells of its node at /metrics (docs/metrics.md); Agent::add_metrics does.
//
// Thread: constants.
#pragma once

#include "ctrl/metrics/metrics_text.h"

namespace izar {

inline constexpr MetricFamily kAgentMetrics[] = {
    {"izar_agent_info", "gauge", "node, name, region", "Always 1."},
    {"izar_agent_controller_connected", "gauge", "", "1: a controller serves this agent."},
    {"izar_agent_edge_alive", "gauge", "", "1: izar-edge of this node runs."},
    {"izar_agent_static_version", "gauge", "", "Of the static data that the feed has."},
    {"izar_agent_mesh_generation", "gauge", "",
     "Of the newest summary of the mesh that the feed has; not there: it has none."},
    {"izar_agent_nodes", "gauge", "", "Nodes of the fleet."},
    {"izar_agent_services", "gauge", "", "Services of the fleet."},
    {"izar_agent_flows", "gauge", "", "Flows and sessions that izar-edge holds; not there: it did not tell."},
    {"izar_link_up", "gauge", "to", "1: this node's link there is up."},
    {"izar_link_rtt_seconds", "gauge", "to", "Its round-trip time; not there: it is not measured."},
    {"izar_link_loss_ratio", "gauge", "to", "Its share of lost packets, 0 to 1; the same."},
    {"izar_agent_group_master", "gauge", "", "1: this node is the master of its region's group."},
    {"izar_agent_group_epoch", "gauge", "", "The newest epoch of the group that it was told."},
    {"izar_agent_rounds_obeyed_total", "counter", "", "Rounds of probes that it took over from a master."},
    {"izar_agent_rounds_refused_total", "counter", "", "Rounds that it did not, because their epoch is older."},
    {"izar_agent_certificate_expiry_timestamp_seconds", "gauge", "", "When its certificate ends, since 1970."},
};

}  // namespace izar
