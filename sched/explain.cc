#include "sched/explain.h"

#include <fmt/format.h>

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
CostMatrix complete_costs(const Scheduler& scheduler, const PolicyRoutes& routes, Instant now) {
    CostMatrix costs = routes.planner().costs();
    const NodeSlot self = scheduler.fleet()->self;
    for (std::size_t from = 0; from < costs.nodes(); ++from) {
        if (slot_at(from) != self) {
            costs.set(slot_at(from), self,
                      price_link(scheduler.mesh(), routes.policy(), slot_at(from), self, now).total);
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

// Empty: it may.
std::string why_no_relay(const Scheduler& scheduler, const PolicyRoutes& routes, NodeSlot relay, Instant now) {
    const std::vector<bool>& allowed = routes.relays();
    if (allowed.empty() || allowed[raw(relay)]) {
        return {};
    }
    const FleetNode& node = scheduler.fleet()->node(relay);
    if (!may_carry(routes.policy(), node)) {
        return fmt::format("{} is forbidden", node.name);
    }
    if (!may_relay(routes.policy(), node, scheduler.mesh().load(relay, now))) {
        return fmt::format("{} is too dear", node.name);
    }
    const auto wait = std::chrono::ceil<std::chrono::minutes>(routes.gate(relay).wait());
    return fmt::format("{} was above its caps; relays again after {} min below {:.0f} % of them", node.name,
                       wait.count(), 100 * RelayGate::kComeBackBelow);
}

PathExplanation explain_path(const Scheduler& scheduler, const PolicyRoutes& routes, NodeSlot from, NodeSlot to,
                             const RelayPath& path, Instant now) {
    PathExplanation told;
    const auto add = [&](NodeSlot near, NodeSlot far) {
        const LinkView link = scheduler.mesh().link(near, far, now);
        const bool measured = link.source != ItemSource::none && link.at != Instant{};
        told.links.push_back({.from = scheduler.fleet()->node(near).name,
                              .to = scheduler.fleet()->node(far).name,
                              .state = link.state,
                              .stale = link.stale,
                              .age = measured ? std::optional{now - link.at} : std::nullopt,
                              .count = link.count,
                              .epoch = link.epoch,
                              .terms = price_link(scheduler.mesh(), routes.policy(), near, far, now)});
    };
    NodeSlot near = from;
    for (const NodeSlot relay : path.relay) {
        if (relay != kNoSlot) {
            add(near, relay);
            near = relay;
            const std::string why = why_no_relay(scheduler, routes, relay, now);
            told.why_not += told.why_not.empty() || why.empty() ? why : ", " + why;
        }
    }
    add(near, to);
    if (path.exists()) {
        told.cost = std::chrono::microseconds{path.cost};
    }
    return told;
}

// The routes of the policy of this name (the default one's if it is empty), or nullptr.
const PolicyRoutes* routes_named(const Scheduler& scheduler, const std::string& name) {
    const auto& list = scheduler.policies().list;
    const auto named =
        std::ranges::find_if(list, [&](const RoutingPolicy& p) { return name.empty() || p.name == name; });
    const auto index = static_cast<std::uint8_t>(named - list.begin());
    return named == list.end() ? nullptr : &scheduler.routes(PolicyIndex{index});
}

}  // namespace

Explanation explain(const Scheduler& scheduler, const SchedulerView::Question& question, Instant now) {
    Explanation told;
    const Fleet* fleet = scheduler.fleet();
    const PolicyRoutes* routes = routes_named(scheduler, question.policy);
    if (routes == nullptr) {
        told.error = "there is no such policy; see 'show paths'";
        return told;
    }
    told.policy = routes->policy().name;
    told.rule = name_of(routes->policy().rule);
    const NodeSlot start = fleet == nullptr ? kNoSlot : fleet->slot(question.from);
    const NodeSlot end = fleet == nullptr ? kNoSlot : fleet->slot(question.to);
    if (start == kNoSlot || end == kNoSlot || start == end) {
        told.error = "both ends must be different nodes of the fleet; see 'show links'";
        return told;
    }
    told.from = fleet->node(start).name;
    told.to = fleet->node(end).name;
    const CostMatrix costs = complete_costs(scheduler, *routes, now);
    PathSearch search{costs, start};
    if (!routes->relays().empty()) {
        search.set_relays(routes->relays());
        search.rebuild();
    }
    const PlannedRoute* route = start == fleet->self ? &routes->planner().route(end) : nullptr;
    if (route != nullptr) {
        told.why = text_of(route->why);
    }
    for (const RelayPath& path : candidates(search, costs.nodes(), end)) {
        PathExplanation one = explain_path(scheduler, *routes, start, end, path, now);
        one.in_use = route != nullptr && route->primary.exists() && path.same_way(route->primary);
        one.is_backup = route != nullptr && route->backup.exists() && path.same_way(route->backup);
        told.candidates.push_back(std::move(one));
    }
    return told;
}

}  // namespace izar
