#include "sched/policy_routes.h"

#include <algorithm>
#include <utility>

#include "sched/link_pricing.h"
#include "sched/table_builder.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

}  // namespace

void PolicyRoutes::set_policy(const RoutingPolicy& policy) {
    policy_ = policy;
    planner_.set_policy(policy);
    build_all_ = true;
}

void PolicyRoutes::set_fleet(const Fleet& fleet, const Fleet* old) {
    const bool same_self = old != nullptr && old->self == fleet.self;
    planner_.reset(fleet.nodes.size(), fleet.self);
    for (std::size_t s = 0; s < fleet.nodes.size(); ++s) {
        if (!same_self || s >= old->nodes.size() || old->nodes[s].id != fleet.nodes[s].id) {
            planner_.forget(slot_at(s));
        }
    }
    destinations_.assign(fleet.nodes.size(), Destination{});
    next_destination_ = 0;
    build_all_ = true;
}

void PolicyRoutes::price_all(const PlanContext& context) {
    planner_.set_relays(allowed_relays(context.mesh, policy_, context.fleet, context.now));
    for (std::size_t from = 0; from < context.mesh.nodes(); ++from) {
        for (std::size_t to = 0; to < context.mesh.nodes(); ++to) {
            set_price(slot_at(from), slot_at(to), context);
        }
    }
}

void PolicyRoutes::price(std::span<const LinkChange> changes, const PlanContext& context) {
    for (const LinkChange& change : changes) {
        set_price(change.from, change.to, context);
    }
}

void PolicyRoutes::set_price(NodeSlot from, NodeSlot to, const PlanContext& context) {
    if (from == to || to == context.fleet.self) {
        return;  // nothing that leads back here can be part of a path
    }
    const Cost cost = price_link(context.mesh, policy_, from, to, context.now).total;
    if (is_news(planner_.cost(from, to), cost)) {
        planner_.set_cost(from, to, cost);
    }
}

bool PolicyRoutes::plan(const PlanContext& context) {
    const auto replanned = planner_.plan(context.now);
    build(replanned, context);
    return !replanned.empty();
}

// Building a destination costs more than copying it, so only those that changed are built; the others keep a
// predicted RTT that is refreshed in turn.
void PolicyRoutes::build(std::span<const NodeSlot> replanned, const PlanContext& context) {
    const PathContext paths{.fleet = context.fleet,
                            .mesh = context.mesh,
                            .overlay_mtu = context.overlay_mtu,
                            .spread_margin = policy_.spread ? policy_.spread_margin : -1,
                            .now = context.now};
    const auto build_one = [&](NodeSlot to) {
        if (to != context.fleet.self) {
            destinations_[raw(to)] = build_destination(paths, to, planner_.route(to));
        }
    };
    std::ranges::for_each(replanned, build_one);
    const std::size_t more = std::exchange(build_all_, false) ? destinations_.size() : kDestinationsARound;
    for (std::size_t i = 0; i < std::min(more, destinations_.size()); ++i) {
        next_destination_ = (next_destination_ + 1) % destinations_.size();
        build_one(slot_at(next_destination_));
    }
}

void PolicyRoutes::write_to(RouteTable& table, PolicyIndex index) const {
    const auto part = table.of(index);
    const auto end = std::ranges::copy(destinations_, part.begin()).out;
    std::fill(end, part.end(), Destination{});
}

std::vector<bool> PolicyRoutes::usable_egresses(const Fleet& fleet) const {
    std::vector<bool> usable(fleet.nodes.size());
    for (std::size_t s = 0; s < usable.size(); ++s) {
        const bool reachable = slot_at(s) == fleet.self || planner_.route(slot_at(s)).primary.exists();
        usable[s] = reachable && may_carry(policy_, fleet.nodes[s]);
    }
    return usable;
}

}  // namespace izar
