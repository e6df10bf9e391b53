#include "sched/policy_routes.h"

#include <algorithm>
#include <cmath>
#include <optional>
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
    if (policy.name != policy_.name || policy.caps != policy_.caps) {
        std::ranges::fill(gates_, RelayGate{});
    }
    policy_ = policy;
    planner_.set_policy(policy);
    build_all_ = true;
}

void PolicyRoutes::set_fleet(const Fleet& fleet, const Fleet* old) {
    const bool same_self = old != nullptr && old->self == fleet.self;
    planner_.reset(fleet.nodes.size(), fleet.self);
    relays_.clear();  // the planner's search begins anew
    gates_.resize(fleet.nodes.size());
    for (std::size_t s = 0; s < fleet.nodes.size(); ++s) {
        if (!same_self || s >= old->nodes.size() || old->nodes[s].id != fleet.nodes[s].id) {
            planner_.forget(slot_at(s));
            gates_[s] = RelayGate{};
        }
    }
    destinations_.assign(fleet.nodes.size(), Destination{});
    next_destination_ = 0;
    build_all_ = true;
}

// Tile by tile: a price reads what both ends say of a link, and those lie in a row and in a column.
void PolicyRoutes::price_all(const PlanContext& context) {
    constexpr std::size_t kTile = 16;
    const std::size_t nodes = context.mesh.nodes();
    set_relays(context);
    for (std::size_t from_tile = 0; from_tile < nodes; from_tile += kTile) {
        for (std::size_t to_tile = 0; to_tile < nodes; to_tile += kTile) {
            for (std::size_t from = from_tile; from < std::min(from_tile + kTile, nodes); ++from) {
                for (std::size_t to = to_tile; to < std::min(to_tile + kTile, nodes); ++to) {
                    set_price(slot_at(from), slot_at(to), context);
                }
            }
        }
    }
}

void PolicyRoutes::set_relays(const PlanContext& context) {
    const Fleet& fleet = context.fleet;
    gates_at_ = context.now;
    std::vector<bool> allowed(fleet.nodes.size());
    for (std::size_t s = 0; s < allowed.size(); ++s) {
        const FleetNode& node = fleet.nodes[s];
        const NodeLoad* const load = context.mesh.load(slot_at(s), context.now);
        const auto used = load == nullptr ? std::nullopt : std::optional{used_of_caps(policy_.caps, *load)};
        const bool is_open = gates_[s].take(used, {fleet.node(fleet.self).id, node.id}, context.now);
        allowed[s] = is_open && node.id != kNoNode && may_relay(policy_, node, load);
    }
    if (allowed != relays_) {
        relays_ = allowed;
        planner_.set_relays(std::move(allowed));
    }
}

void PolicyRoutes::take_loads(const PlanContext& context) {
    if (policy_.rule == CostRule::lyapunov) {
        price_all(context);
    } else {
        set_relays(context);
    }
}

void PolicyRoutes::price(std::span<const LinkChange> changes, const PlanContext& context) {
    if (context.now - gates_at_ >= kGateInterval) {
        set_relays(context);  // a wait may be over, or a load too old to count, though none was told
    }
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

std::vector<std::uint32_t> PolicyRoutes::egress_shares(const PlanContext& context) const {
    constexpr double kUsual = 100;
    constexpr double kMost = 10'000;  // times the greatest weight of an egress it is less than 2^32
    const Fleet& fleet = context.fleet;
    std::vector<std::uint32_t> shares(fleet.nodes.size());
    for (std::size_t s = 0; s < shares.size(); ++s) {
        const bool reachable = slot_at(s) == fleet.self || planner_.route(slot_at(s)).primary.exists();
        if (reachable && may_carry(policy_, fleet.nodes[s])) {
            const NodeLoad* const load = context.mesh.load(slot_at(s), context.now);
            const double percent = std::round(load == nullptr ? kUsual : load->egress_percent);
            shares[s] = static_cast<std::uint32_t>(std::clamp(percent, 1.0, kMost));
        }
    }
    return shares;
}

}  // namespace izar
