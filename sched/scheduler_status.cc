// Scheduler::status(): the scheduler's state as the CLI shows it.
#include <string>

#include "sched/scheduler.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

LinkStatus status_of_link(const Mesh& mesh, const FleetNode& node, NodeSlot to, Instant now) {
    const LinkEstimate& own = mesh.own_link(to);
    LinkStatus status{.node = node.id,
                      .name = node.name,
                      .state = mesh.link(mesh.self(), to, now).state,
                      .held = own.held(now),
                      .loss = own.loss(),
                      .samples = own.samples(),
                      .lost = own.lost(),
                      .reordered = own.reordered(),
                      .times_down = own.times_down()};
    if (own.samples() > 0) {
        status.smoothed = own.smoothed();
        status.minimum = own.minimum();
        status.variation = own.variation();
    }
    if (own.measured_at() != Instant{}) {
        status.age = now - own.measured_at();
    }
    if (own.changed_at() != Instant{}) {
        status.unchanged = now - own.changed_at();
        status.why = own.times_down() == 0 ? "first heard" : (own.heard() ? "heard again" : "silent");
    }
    return status;
}

std::vector<NodeId> segments_of(const Fleet& fleet, NodeSlot to, const RelayPath& path) {
    std::vector<NodeId> segments;
    if (path.exists()) {
        for (const NodeSlot relay : path.relay) {
            if (relay != kNoSlot) {
                segments.push_back(fleet.node(relay).id);
            }
        }
        segments.push_back(fleet.node(to).id);
    }
    return segments;
}

std::vector<std::string> names_of(const Fleet& fleet, const std::vector<NodeId>& nodes) {
    std::vector<std::string> names;
    names.reserve(nodes.size());
    for (const NodeId node : nodes) {
        names.emplace_back(fleet.node(fleet.slot(node)).name);
    }
    return names;
}

}  // namespace

SchedulerStatus Scheduler::status(Instant now) const {
    SchedulerStatus status{.rule = std::string{name_of(policy_->rule)},
                           .feed_live = mesh_.feed_is_live(),
                           .generation = publisher_.generation(),
                           .published = published_,
                           .coalesced = coalesced_,
                           .plans = plans_,
                           .reports = reports_,
                           .last_cut = last_cut_,
                           .slowest_cut = slowest_cut_};
    if (fleet_ == nullptr) {
        return status;
    }
    status.self = fleet_->node(fleet_->self).id;
    const PathContext context{
        .fleet = *fleet_, .mesh = mesh_, .overlay_mtu = overlay_mtu_, .spread_margin = -1, .now = now};
    for (std::size_t s = 0; s < fleet_->nodes.size(); ++s) {
        const FleetNode& node = fleet_->nodes[s];
        const NodeSlot to = slot_at(s);
        if (node.id == kNoNode || to == fleet_->self) {
            continue;
        }
        status.links.push_back(status_of_link(mesh_, node, to, now));
        const PlannedRoute& route = planner_.route(to);
        PathStatus path{.node = node.id,
                        .name = node.name,
                        .segments = segments_of(*fleet_, to, route.primary),
                        .backup_names = names_of(*fleet_, segments_of(*fleet_, to, route.backup)),
                        .switches = route.switches,
                        .why = std::string{text_of(route.why)}};
        path.segment_names = names_of(*fleet_, path.segments);
        if (route.primary.exists()) {
            path.predicted = std::chrono::microseconds{build_path(context, to, route.primary).predicted_rtt_us};
            path.unchanged = now - route.since;
        }
        if (status.links.back().state == LinkState::up) {
            path.direct = status.links.back().smoothed;
        }
        status.paths.push_back(std::move(path));
    }
    return status;
}

}  // namespace izar
