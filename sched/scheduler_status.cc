// Scheduler::status(): the scheduler's state as the CLI shows it.
#include <string>

#include "sched/scheduler.h"
#include "sched/table_builder.h"

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
    if (own.mtu() != 0) {
        status.mtu = own.mtu();
    }
    if (const Bandwidth bandwidth = own.bandwidth(); bandwidth.count > 0) {
        status.used = bandwidth.used;
        status.capacity = bandwidth.capacity == kNoRate ? std::nullopt : std::optional{bandwidth.capacity};
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

PathStatus status_of_path(const PolicyRoutes& routes, const PathContext& context, const MeasuredPaths& measured,
                          const FleetNode& node, NodeSlot to) {
    const Fleet& fleet = context.fleet;
    const PlannedRoute& route = routes.planner().route(to);
    PathStatus path{.node = node.id,
                    .name = node.name,
                    .policy = routes.policy().name,
                    .segments = segments_of(fleet, to, route.primary),
                    .backup_names = names_of(fleet, segments_of(fleet, to, route.backup)),
                    .switches = route.switches,
                    .why = std::string{text_of(route.why)}};
    path.segment_names = names_of(fleet, path.segments);
    if (route.primary.exists()) {
        const Path built = build_path(context, to, route.primary);
        path.predicted = std::chrono::microseconds{built.predicted_rtt_us};
        path.measured = measured.rtt(built.segments, context.now);
        path.unchanged = context.now - route.since;
    }
    if (const LinkView link = context.mesh.link(fleet.self, to, context.now); link.state == LinkState::up) {
        path.direct = link.rtt;
        if (path.segments.size() == 1) {
            path.measured = link.rtt;
        }
    }
    return path;
}

}  // namespace

SchedulerStatus Scheduler::status(Instant now) const {
    SchedulerStatus status{.rule = std::string{name_of(policies_->at(kDefaultPolicy).rule)},
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
    const auto for_each_peer = [&](auto tell) {
        for (std::size_t s = 0; s < fleet_->nodes.size(); ++s) {
            if (fleet_->nodes[s].id != kNoNode && slot_at(s) != fleet_->self) {
                tell(fleet_->nodes[s], slot_at(s));
            }
        }
    };
    for_each_peer(
        [&](const FleetNode& node, NodeSlot to) { status.links.push_back(status_of_link(mesh_, node, to, now)); });
    for (const PolicyRoutes& routes : routes_) {
        for_each_peer([&](const FleetNode& node, NodeSlot to) {
            status.paths.push_back(status_of_path(routes, context, measured_paths_, node, to));
        });
    }
    return status;
}

}  // namespace izar
