#include "ctrl/agent/agent_metrics.h"

#include <fmt/format.h>

#include <chrono>

#include "ctrl/agent/agent.h"
#include "ctrl/metrics/program_metrics.h"

namespace izar {
namespace {

void add_link(MetricsText& out, const FeedLink& link, const std::string& to) {
    out.add("izar_link_up", link.reachable ? 1 : 0, {{"to", to}});
    if (link.reachable && link.count > 0) {
        out.add("izar_link_rtt_seconds", std::chrono::duration<double>(link.rtt).count(), {{"to", to}});
        out.add("izar_link_loss_ratio", link.loss, {{"to", to}});
    }
}

}  // namespace

void Agent::add_metrics(MetricsText& out) const {
    out.add("izar_agent_info", 1,
            {{"node", fmt::format("{}", raw(parts_.identity.id))},
             {"name", parts_.identity.name},
             {"region", parts_.identity.region}});
    out.add("izar_agent_controller_connected", welcome_ ? 1 : 0);
    out.add("izar_agent_edge_alive", edge_runs_ == true ? 1 : 0);
    out.add("izar_agent_static_version", static_cast<double>(static_.version));
    if (const MeshSummary* const newest = mesh_.newest()) {
        out.add("izar_agent_mesh_generation", static_cast<double>(newest->generation));
    }
    out.add("izar_agent_nodes", static_cast<double>(static_.nodes.size()));
    out.add("izar_agent_services", static_cast<double>(static_.services.size()));
    if (flows_) {
        out.add("izar_agent_flows", static_cast<double>(*flows_));
    }
    for (const auto& [id, link] : row_) {
        const auto node = static_.nodes.find(id);
        add_link(out, link, node == static_.nodes.end() ? fmt::format("{}", raw(id)) : std::string(node->second.name));
    }
    out.add("izar_agent_group_master", group_.is_master() ? 1 : 0);
    out.add("izar_agent_group_epoch", static_cast<double>(raw(group_.state().epoch)));
    out.add("izar_agent_rounds_obeyed_total", static_cast<double>(group_.counts().rounds_obeyed));
    out.add("izar_agent_rounds_refused_total", static_cast<double>(group_.counts().rounds_refused));
    if (const auto expiry = certificate_expiry(parts_.identity.credentials.certificate)) {
        out.add("izar_agent_certificate_expiry_timestamp_seconds",
                static_cast<double>(expiry->time_since_epoch().count()));
    }
    add_channel_metrics(out, channel_counts_);
}

}  // namespace izar
