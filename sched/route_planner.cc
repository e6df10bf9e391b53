#include "sched/route_planner.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

bool share_relay(const RelayPath& a, const RelayPath& b) noexcept {
    const auto in_b = [&](NodeSlot relay) { return relay != kNoSlot && std::ranges::count(b.relay, relay) > 0; };
    return std::ranges::any_of(a.relay, in_b);
}

bool same_paths(const PlannedRoute& a, const PlannedRoute& b) noexcept {
    const auto same = [](const RelayPath& x, const RelayPath& y) { return x.exists() == y.exists() && x.same_way(y); };
    return same(a.primary, b.primary) && same(a.backup, b.backup) && same(a.former, b.former) &&
           std::ranges::equal(a.spread, b.spread, same);
}

}  // namespace

template <typename Gone>
void RoutePlanner::forget_relays(Gone gone) {
    const auto uses = [&](const RelayPath& path) {
        return std::ranges::any_of(path.relay, [&](NodeSlot relay) { return relay != kNoSlot && gone(relay); });
    };
    for (PlannedRoute& route : routes_) {
        if (uses(route.primary) || uses(route.backup) || uses(route.former) || uses(route.best)) {
            route.primary = route.backup = route.former = route.best = RelayPath{};
        }
    }
}

void RoutePlanner::reset(std::size_t nodes, NodeSlot self) {
    CHECK(raw(self) < nodes);
    costs_ = std::make_unique<CostMatrix>(nodes);
    search_ = std::make_unique<PathSearch>(*costs_, self);
    routes_.resize(nodes);
    forget_relays([&](NodeSlot relay) { return raw(relay) >= nodes; });
    changed_.clear();
    is_changed_.assign(nodes, 0);
    better_relays_.clear();
    better_way_.assign(nodes, kUnknownCost);
    better_path_.resize(costs_->stride());
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

void RoutePlanner::forget(NodeSlot node) {
    routes_[raw(node)] = PlannedRoute{};
    forget_relays([&](NodeSlot relay) { return relay == node; });
}

void RoutePlanner::set_cost(NodeSlot from, NodeSlot to, Cost cost) {
    if (costs_->at(from, to) == cost) {
        return;
    }
    costs_->set(from, to, cost);
    plan_all_ |= changed_.size() >= kFewChanges;
    if (!plan_all_) {
        note_change(from, to);
    }
}

void RoutePlanner::note_change(NodeSlot from, NodeSlot to) {
    changed_.push_back(to);
    is_changed_[raw(to)] = 1;
    for (const BetterWay& way : search_->link_changed(from, to)) {
        Cost& known = better_way_[raw(way.relay)];
        if (known == kUnknownCost) {
            better_relays_.push_back(way.relay);
        }
        known = std::min(known, way.cost);
    }
}

// What the better ways to relays are worth to all destinations at once: one pass over the links out of each such relay.
void RoutePlanner::spread_better_ways() {
    std::ranges::fill(better_path_, kUnknownCost);
    for (const NodeSlot relay : better_relays_) {
        best_path_kernels().lower_to_sums(better_path_.data(), better_way_[raw(relay)], costs_->out_of(relay),
                                          costs_->stride());
    }
}

void RoutePlanner::forget_changes() {
    for (const NodeSlot node : changed_) {
        is_changed_[raw(node)] = 0;
    }
    for (const NodeSlot relay : better_relays_) {
        better_way_[raw(relay)] = kUnknownCost;
    }
    changed_.clear();
    better_relays_.clear();
}

std::span<const NodeSlot> RoutePlanner::plan(Instant now) {
    if (plan_all_) {
        search_->set_ranking(policy_.spread);
        search_->rebuild();
    } else {
        spread_better_ways();
    }
    replanned_.clear();
    looked_at_ = 0;
    for (std::size_t s = 0; s < routes_.size(); ++s) {
        const NodeSlot to = slot_at(s);
        if (to == search_->self() || !is_concerned(to)) {
            continue;
        }
        ++looked_at_;
        if (plan_route(to, now)) {
            replanned_.push_back(to);
        }
    }
    forget_changes();
    plan_all_ = false;
    return replanned_;
}

// Only paths into the far end of a changed link are summed up again: a sum reads cache lines all over the matrix. The
// links into the destination are not asked for, because a change of one of them concerns it anyway.
bool RoutePlanner::costs_otherwise(NodeSlot to, const RelayPath& path) const {
    const auto is_changed = [&](NodeSlot relay) { return relay != kNoSlot && is_changed_[raw(relay)] != 0; };
    return std::ranges::any_of(path.relay, is_changed) && path.exists() && search_->cost(to, path) != path.cost;
}

// A route has to be planned again if one of its paths costs something else now, if it waits for a hold-down to
// end, or if a better way to a relay can give a path that is no worse than the backup (than any, where the backup
// shares a relay with the primary only because there was no other).
bool RoutePlanner::is_concerned(NodeSlot to) const {
    const PlannedRoute& route = routes_[raw(to)];
    if (plan_all_ || route.why == PathReason::kept_hold) {
        return true;
    }
    if (changed_.empty() || policy_.spread) {
        return !changed_.empty();  // any change may make another path near-equal
    }
    const Cost limit = share_relay(route.primary, route.backup) ? kWorstCost : std::min(route.backup.cost, kWorstCost);
    return is_changed_[raw(to)] != 0 || better_path_[raw(to)] <= limit || costs_otherwise(to, route.primary) ||
           costs_otherwise(to, route.backup) || costs_otherwise(to, route.former) || costs_otherwise(to, route.best);
}

bool RoutePlanner::within_cap(const RelayPath& path) const noexcept {
    const auto cap = std::chrono::duration_cast<std::chrono::microseconds>(policy_.caps.path_cost).count();
    return path.relays() == 0 || path.cost <= cap;
}

RelayPath RoutePlanner::best_allowed(NodeSlot to) const {
    const RelayPath best = search_->best(to);
    return within_cap(best) ? best : RelayPath{.cost = costs_->at(search_->self(), to)};
}

bool RoutePlanner::plan_route(NodeSlot to, Instant now) {
    PlannedRoute& route = routes_[raw(to)];
    const PlannedRoute before = route;
    const bool had_one = route.primary.exists();
    route.best = best_allowed(to);
    route.primary.cost = had_one ? search_->cost(to, route.primary) : kUnknownCost;
    if (!within_cap(route.primary)) {
        route.primary.cost = kUnknownCost;
    }
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
            route.former = route.primary;
            route.primary = route.best;
            route.since = now;
            route.switches += had_one ? 1 : 0;
            if (had_one) {
                route.damper.change(now);
            }
        }
    }
    route.backup = route.primary.exists() ? search_->best_avoiding(to, route.primary) : RelayPath{};
    keep_former(to, route);
    plan_spread(to, route);
    return !same_paths(before, route);
}

void RoutePlanner::keep_former(NodeSlot to, PlannedRoute& route) const {
    if (route.former.exists()) {
        route.former.cost = search_->cost(to, route.former);
    }
    if (route.former.cost == kUnknownCost || route.former.same_way(route.primary)) {
        route.former = RelayPath{};
    }
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
