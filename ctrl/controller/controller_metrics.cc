#include "ctrl/controller/controller_metrics.h"

#include <array>

#include "ctrl/metrics/program_metrics.h"

namespace izar {
namespace {

void add_nodes(MetricsText& out, const Controller& controller) {
    std::array<std::size_t, 3> by_state{};
    std::size_t drained = 0;
    for (const auto& [id, record] : controller.desired().records()) {
        ++by_state[static_cast<std::size_t>(record.state)];
        drained += record.state == NodeState::joined && record.drained ? 1 : 0;
    }
    constexpr std::array kStates{"declared", "joined", "revoked"};
    for (std::size_t i = 0; i < kStates.size(); ++i) {
        out.add("izar_controller_nodes", static_cast<double>(by_state[i]), {{"state", kStates[i]}});
    }
    out.add("izar_controller_nodes_drained", static_cast<double>(drained));
    out.add("izar_controller_nodes_withdrawn", static_cast<double>(controller.health().all_withdrawn().size()));
}

void add_links(MetricsText& out, const Controller& controller) {
    std::size_t up = 0;
    controller.mesh().rows().for_each([&](const FeedLink& link) { up += link.reachable ? 1 : 0; });
    out.add("izar_controller_links", static_cast<double>(up), {{"state", "up"}});
    out.add("izar_controller_links", static_cast<double>(controller.mesh().rows().size() - up), {{"state", "down"}});
}

void add_call(MetricsText& out, const char* call, const StoreCalls& calls) {
    out.add("izar_controller_store_call_seconds_sum", std::chrono::duration<double>(calls.waited).count(),
            {{"call", call}});
    out.add("izar_controller_store_call_seconds_count", static_cast<double>(calls.count), {{"call", call}});
}

}  // namespace

void add_controller_metrics(MetricsText& out, const Controller& controller) {
    const DesiredState& desired = controller.desired();
    out.add("izar_controller_agents_connected", static_cast<double>(controller.agents().size()));
    add_nodes(out, controller);
    out.add("izar_controller_services", static_cast<double>(desired.service_records().size()));
    out.add("izar_controller_services_served", static_cast<double>(desired.services().size()));
    out.add("izar_controller_domains", static_cast<double>(desired.domains().size()));
    add_links(out, controller);
    out.add("izar_controller_static_version", static_cast<double>(desired.version()));
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
        out.add("izar_controller_events_total", static_cast<double>(controller.events().counts()[kind]),
                {{"kind", name_of(static_cast<EventKind>(kind))}});
    }
    out.add("izar_controller_store_answers", controller.store_silent_since() ? 0 : 1);
    add_call(out, "changes", controller.store_reads());
    add_call(out, "round", controller.store_rounds());
    add_channel_metrics(out, controller.channel_counts());
}

}  // namespace izar
