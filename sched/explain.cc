#include "sched/explain.h"

#include <algorithm>
#include <string>
#include <vector>

#include "sched/link_pricing.h"
#include "sched/scheduler.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

// The planner does not keep what leads back to its own node, because no path of its own uses that.
CostMatrix complete_costs(const Scheduler& scheduler, Instant now) {
    CostMatrix costs = scheduler.planner().costs();
    const NodeSlot self = scheduler.fleet()->self;
    for (std::size_t from = 0; from < costs.nodes(); ++from) {
        if (slot_at(from) != self) {
            costs.set(slot_at(from), self,
                      price_link(scheduler.mesh(), scheduler.policy(), slot_at(from), self, now).total);
        }
    }
    return costs;
}

std::vector<RelayPath> candidates(const PathSearch& search, std::size_t nodes, NodeSlot to) {
    std::vector<RelayPath> found = search.k_best(to, kMaxPaths);
    const auto add = [&](RelayPath path) {
        path.cost = search.cost(to, path);
        const auto same = [&](const RelayPath& other) { return other.same_way(path); };
        if (std::ranges::none_of(found, same)) {
            found.push_back(path);
        }
    };
    for (std::size_t relay = 0; relay < nodes; ++relay) {
        if (slot_at(relay) != search.self() && slot_at(relay) != to) {
            add(RelayPath{.relay = {slot_at(relay), kNoSlot}});
        }
    }
    std::ranges::stable_sort(found, {}, &RelayPath::cost);
    found.resize(std::min(found.size(), kMaxCandidates - 1));
    add(RelayPath{});
    return found;
}

PathExplanation explain_path(const Scheduler& scheduler, NodeSlot from, NodeSlot to, const RelayPath& path,
                             Instant now) {
    PathExplanation told;
    const auto add = [&](NodeSlot near, NodeSlot far) {
        const LinkView link = scheduler.mesh().link(near, far, now);
        const bool measured = link.source != ItemSource::none && link.at != Instant{};
        told.links.push_back({.from = scheduler.fleet()->node(near).name,
                              .to = scheduler.fleet()->node(far).name,
                              .state = link.state,
                              .stale = link.stale,
                              .age = measured ? std::optional{now - link.at} : std::nullopt,
                              .terms = price_link(scheduler.mesh(), scheduler.policy(), near, far, now)});
    };
    NodeSlot near = from;
    for (const NodeSlot relay : path.relay) {
        if (relay != kNoSlot) {
            add(near, relay);
            near = relay;
        }
    }
    add(near, to);
    if (path.exists()) {
        told.cost = std::chrono::microseconds{path.cost};
    }
    return told;
}

}  // namespace

Explanation explain(const Scheduler& scheduler, NodeId from, NodeId to, Instant now) {
    Explanation told{.rule = std::string{name_of(scheduler.policy().rule)}};
    const Fleet* fleet = scheduler.fleet();
    const NodeSlot start = fleet == nullptr ? kNoSlot : fleet->slot(from);
    const NodeSlot end = fleet == nullptr ? kNoSlot : fleet->slot(to);
    if (start == kNoSlot || end == kNoSlot || start == end) {
        told.error = "both ends must be different nodes of the fleet; see 'show links'";
        return told;
    }
    told.from = fleet->node(start).name;
    told.to = fleet->node(end).name;
    const CostMatrix costs = complete_costs(scheduler, now);
    PathSearch search{costs, start};
    search.set_relays(allowed_relays(scheduler.mesh(), scheduler.policy(), *fleet, now));
    search.rebuild();
    const PlannedRoute* route = start == fleet->self ? &scheduler.planner().route(end) : nullptr;
    if (route != nullptr) {
        told.why = text_of(route->why);
    }
    for (const RelayPath& path : candidates(search, costs.nodes(), end)) {
        PathExplanation one = explain_path(scheduler, start, end, path, now);
        one.in_use = route != nullptr && route->primary.exists() && path.same_way(route->primary);
        one.is_backup = route != nullptr && route->backup.exists() && path.same_way(route->backup);
        told.candidates.push_back(std::move(one));
    }
    return told;
}

}  // namespace izar
