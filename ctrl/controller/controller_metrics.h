// controller_metrics.h -- What a controller that leads tells of its fleet at /metrics (docs/metrics.md).
//
// Thread: the controller's.
#pragma once

#include "ctrl/controller/controller.h"
#include "ctrl/metrics/metrics_text.h"

namespace izar {

inline constexpr MetricFamily kControllerMetrics[] = {
    {"izar_controller_leads", "gauge", "",
     "1: this controller leads; 0: it stands by, and tells nothing of what follows."},
    {"izar_controller_agents_connected", "gauge", "", "Agents that are here."},
    {"izar_controller_nodes", "gauge", "state", "Nodes by state: declared, joined, revoked."},
    {"izar_controller_nodes_drained", "gauge", "", "Joined nodes that take no new flows."},
    {"izar_controller_nodes_withdrawn", "gauge", "", "Nodes that are taken for dead."},
    {"izar_controller_services", "gauge", "", "Services."},
    {"izar_controller_services_served", "gauge", "", "Those of them that some node can serve."},
    {"izar_controller_domains", "gauge", "", "Domains."},
    {"izar_controller_links", "gauge", "state", "Links of the mesh as their near ends tell: up, down."},
    {"izar_controller_static_version", "gauge", "", "Of the static data; each change raises it."},
    {"izar_controller_events_total", "counter", "kind", "Events since it leads, by the kinds that `izar events` has."},
    {"izar_controller_store_answers", "gauge", "", "1: the store was read when that was tried last."},
    {"izar_controller_store_call_seconds", "summary", "call",
     "How long the store was waited for: changes (read for what changed), round (measurements written, every 5 s)."},
};

void add_controller_metrics(MetricsText& out, const Controller& controller);

}  // namespace izar
