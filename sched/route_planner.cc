#include "sched/route_planner.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

bool same_paths(const PlannedRoute& a, const PlannedRoute& b) noexcept {
    const auto same = [](const RelayPath& x, const RelayPath& y) { return x.exists() == y.exists() && x.same_way(y); };
    return same(a.primary, b.primary) && same(a.backup, b.backup) && std::ranges::equal(a.spread, b.spread, same);
}

}  // namespace

void RoutePlanner::reset(std::size_t nodes, NodeSlot self) {
    CHECK(raw(self) < nodes);
    costs_ = std::make_unique<CostMatrix>(nodes);
    search_ = std::make_unique<PathSearch>(*costs_, self);
    routes_.resize(nodes);
    changes_.clear();
    plan_all_ = true;
}

void RoutePlanner::set_policy(const RoutingPolicy& policy) {
    policy_ = policy;
    plan_all_ = true;
}

void RoutePlanner::set_relays(std::vector<bool> allowed) {
    search_->set_relays(std::move(allowed));
    plan_all_ = true;
}

void RoutePlanner::forget(NodeSlot destination) {
    routes_[raw(destination)] = PlannedRoute{};
}

void RoutePlanner::set_cost(NodeSlot from, NodeSlot to, Cost cost) {
    if (costs_->at(from, to) == cost) {
        return;
    }
    costs_->set(from, to, cost);
    if (changes_.size() <= kFewChanges) {
        changes_.push_back({from, to});
    }
}

bool RoutePlanner::plan(Instant now) {
    apply_changes();
    bool changed = false;
    for (std::size_t to = 0; to < routes_.size(); ++to) {
        if (slot_at(to) != search_->self() && is_concerned(slot_at(to))) {
            changed |= plan_route(slot_at(to), now);
        }
    }
    changes_.clear();
    plan_all_ = false;
    return changed;
}

void RoutePlanner::apply_changes() {
    changed_relays_.clear();
    plan_all_ |= changes_.size() > kFewChanges;
    if (plan_all_) {
        search_->rebuild();
        return;
    }
    for (const LinkChange& change : changes_) {
        const auto relays = search_->link_changed(change.from, change.to);
        changed_relays_.insert(changed_relays_.end(), relays.begin(), relays.end());
    }
}

// A route has to be planned again if one of its paths costs something else now, if it waits for a hold-down to
// end, or if a relay whose first hops changed can offer a path that is no worse than the backup.
bool RoutePlanner::is_concerned(NodeSlot to) const {
    const PlannedRoute& route = routes_[raw(to)];
    if (plan_all_ || route.why == PathReason::kept_hold || policy_.spread) {
        return true;
    }
    for (const RelayPath* path : {&route.primary, &route.backup, &route.best}) {
        if (search_->cost(to, *path) != path->cost && (path->exists() || path == &route.best)) {
            return true;
        }
    }
    const auto may_offer = [&](NodeSlot relay) {
        const Cost least = cost_of(search_->through(relay, to));
        return least < kUnknownCost && least <= route.backup.cost;
    };
    const auto leads_to = [&](const LinkChange& change) { return change.to == to; };
    return std::ranges::any_of(changed_relays_, may_offer) || std::ranges::any_of(changes_, leads_to);
}

RelayPath RoutePlanner::best_allowed(NodeSlot to) const {
    RelayPath best = search_->best(to);
    const auto cap = std::chrono::duration_cast<std::chrono::microseconds>(policy_.caps.path_cost).count();
    if (best.relays() > 0 && best.cost > cap) {
        best = RelayPath{.cost = costs_->at(search_->self(), to)};
    }
    return best;
}

bool RoutePlanner::plan_route(NodeSlot to, Instant now) {
    PlannedRoute& route = routes_[raw(to)];
    const PlannedRoute before = route;
    const bool had_one = route.primary.exists();
    route.best = best_allowed(to);
    route.primary.cost = had_one ? search_->cost(to, route.primary) : kUnknownCost;
    if (!route.best.exists()) {
        route.primary = RelayPath{};
        route.why = PathReason::unreachable;
    } else if (route.primary.exists() && route.primary.same_way(route.best)) {
        if (route.why == PathReason::kept_hold || route.why == PathReason::kept_margin) {
            route.why = PathReason::better;
        }
    } else {
        const PathReason verdict =
            judge_switch(policy_.margins, route.primary.cost, route.best.cost, route.damper, now);
        const bool stay = verdict == PathReason::kept_hold || verdict == PathReason::kept_margin;
        route.why =
            !had_one && route.switches == 0 && before.why == PathReason::unreachable ? PathReason::first : verdict;
        if (!stay) {
            route.primary = route.best;
            route.since = now;
            route.switches += had_one ? 1 : 0;
            if (had_one) {
                route.damper.change(now);
            }
        }
    }
    route.backup = route.primary.exists() ? search_->best_avoiding(to, route.primary) : RelayPath{};
    plan_spread(to, route);
    return !same_paths(before, route);
}

void RoutePlanner::plan_spread(NodeSlot to, PlannedRoute& route) const {
    route.spread.fill(RelayPath{});
    if (!policy_.spread || !route.primary.exists()) {
        return;
    }
    const double limit = route.primary.cost * (1 + policy_.spread_margin);
    std::size_t count = 0;
    for (const RelayPath& path : search_->k_best(to, kMaxPaths)) {
        const bool listed = path.same_way(route.primary) || (route.backup.exists() && path.same_way(route.backup));
        if (!listed && path.cost <= limit && count < kMaxSpread) {
            route.spread[count++] = path;
        }
    }
}

}  // namespace izar
