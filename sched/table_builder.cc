#include "sched/table_builder.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "dataplane/base/check.h"
#include "dataplane/wire/overlay.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

std::uint32_t to_us(Nanos t) noexcept {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(t).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, kUnreachableRtt - 1));
}

// Deals the slots out in proportion to 1/cost, in turns, so that neighbouring hashes use different paths.
void deal_spread(Destination& destination, const std::vector<std::pair<std::uint8_t, double>>& shares) {
    std::vector<double> credit(shares.size(), 0);
    double sum = 0;
    for (const auto& share : shares) {
        sum += share.second;
    }
    for (std::uint8_t& slot : destination.spread) {
        for (std::size_t i = 0; i < shares.size(); ++i) {
            credit[i] += shares[i].second / sum;
        }
        const auto richest = static_cast<std::size_t>(std::ranges::max_element(credit) - credit.begin());
        credit[richest] -= 1;
        slot = shares[richest].first;
    }
}

// An origin is the same member on every node that lists the same address and port.
std::uint64_t origin_identity(const Origin& origin) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
    const auto add = [&](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001B3; };
    std::ranges::for_each(origin.address.bytes(), add);
    add(static_cast<std::uint8_t>(origin.port >> 8));
    add(static_cast<std::uint8_t>(origin.port));
    return hash;
}

}  // namespace

Path build_path(const PathContext& context, NodeSlot to, const RelayPath& path) {
    Path built;
    if (!path.exists()) {
        return built;
    }
    NodeSlot from = context.mesh.self();
    std::size_t inner_mtu = UINT16_MAX;
    std::uint64_t rtt_us = 0;
    const auto add = [&](NodeSlot hop) {
        const FleetNode& node = context.fleet.node(hop);
        built.segments[built.length++] = node.id;
        const LinkView link = context.mesh.link(from, hop, context.now);
        const std::size_t mtu = link.mtu == 0 ? context.overlay_mtu : std::min(link.mtu, context.overlay_mtu);
        const std::size_t overhead = overlay_overhead(node.overlay_address.family());
        CHECK(mtu > overhead);
        inner_mtu = std::min(inner_mtu, mtu - overhead);
        rtt_us += to_us(link.rtt);
        from = hop;
    };
    for (const NodeSlot relay : path.relay) {
        if (relay != kNoSlot) {
            add(relay);
        }
    }
    add(to);
    built.first_link = path.first_hop(to);
    built.inner_mtu = static_cast<std::uint16_t>(inner_mtu);
    built.predicted_rtt_us = static_cast<std::uint32_t>(std::min<std::uint64_t>(rtt_us, kUnreachableRtt - 1));
    return built;
}

Destination build_destination(const PathContext& context, NodeSlot to, const PlannedRoute& route) {
    Destination destination;
    if (!route.primary.exists()) {
        return destination;
    }
    std::vector<std::pair<std::uint8_t, double>> shares;
    const double limit = route.primary.cost * (1 + context.spread_margin);
    const auto add = [&](const RelayPath& path) {
        if (!path.exists()) {
            return;
        }
        const std::uint8_t index = destination.path_count++;
        destination.path[index] = build_path(context, to, path);
        if (index == 0 || path.cost <= limit) {
            shares.emplace_back(index, 1.0 / path.cost);
        }
    };
    add(route.primary);
    add(route.backup);
    std::ranges::for_each(route.spread, add);
    const bool listed = route.former.same_way(route.backup) ||
                        std::ranges::any_of(route.spread, [&](const RelayPath& p) { return p.same_way(route.former); });
    if (!listed && destination.path_count < kMaxPaths) {
        add(route.former);
    }
    deal_spread(destination, shares);
    for (std::uint8_t i = 0; i < kMaxPaths; ++i) {
        // The first path that starts elsewhere; the list is in order of preference.
        destination.backup[i] = i;
        for (std::uint8_t other = 0; i < destination.path_count && other < destination.path_count; ++other) {
            if (destination.path[other].first_link != destination.path[i].first_link) {
                destination.backup[i] = other;
                break;
            }
        }
    }
    return destination;
}

std::shared_ptr<const MaglevTable> ServiceBuilder::choice(const Members& members) {
    std::weak_ptr<const MaglevTable>& known = tables_[members];
    if (auto table = known.lock()) {
        return table;
    }
    std::vector<MaglevMember> list;
    for (const auto& [identity, weight] : members) {
        list.push_back({.identity = identity, .weight = weight});
    }
    auto table = std::make_shared<MaglevTable>();
    build_maglev(list, *table);
    known = table;
    return table;
}

std::shared_ptr<const ServiceTable> ServiceBuilder::build(const ServiceTable& wanted, const Fleet& fleet,
                                                          const RoutingPolicies& policies, const EgressShares& shares) {
    std::vector<Service> services = wanted.services();
    for (Service& service : services) {
        service.policy = policies.index_of(service.name);
        const std::vector<std::uint32_t>& share = shares[raw(service.policy)];
        Members egresses;
        for (const Egress& egress : service.egresses) {
            const NodeSlot slot = fleet.slot(egress.node);
            egresses.emplace_back(raw(egress.node), slot == kNoSlot ? 0 : egress.weight * share[raw(slot)]);
        }
        Members origins;
        for (const Origin& origin : service.origins) {
            origins.emplace_back(origin_identity(origin), origin.weight);
        }
        service.egress_choice = choice(egresses);
        service.origin_choice = choice(origins);
    }
    std::erase_if(tables_, [](const auto& entry) { return entry.second.expired(); });
    return std::make_shared<const ServiceTable>(std::move(services), wanted.version());
}

std::vector<RowItem> build_own_row(const Mesh& mesh, const Fleet& fleet, Instant now) {
    std::vector<RowItem> row;
    for (std::size_t to = 0; to < mesh.nodes(); ++to) {
        if (slot_at(to) == mesh.self() || fleet.nodes[to].id == kNoNode) {
            continue;
        }
        const LinkView link = mesh.link(mesh.self(), slot_at(to), now);
        if (link.state == LinkState::unknown) {
            continue;
        }
        const bool up = link.state == LinkState::up;
        RowItem item{};
        item.node = Be16{raw(fleet.nodes[to].id)};
        item.loss = Be16{static_cast<std::uint16_t>(std::lround(link.loss * 65535))};
        item.rtt_us = Be32{up ? to_us(link.rtt) : kUnreachableRtt};
        const LinkEstimate& own = mesh.own_link(slot_at(to));
        item.mtu = Be16{static_cast<std::uint16_t>(up ? own.mtu() | (own.shrunk() ? kRowShrunk : 0) : 0)};
        row.push_back(item);
    }
    return row;
}

bool rows_differ(const std::vector<RowItem>& old_row, const std::vector<RowItem>& new_row) {
    constexpr std::int64_t kLeastRttMove = 100;           // microseconds
    constexpr std::int64_t kLeastLossMove = 65535 / 200;  // half a percent
    const auto close = [](const RowItem& a, const RowItem& b) {
        const std::int64_t rtt_a = a.rtt_us.value();
        const std::int64_t rtt_b = b.rtt_us.value();
        const std::int64_t moved = std::llabs(rtt_a - rtt_b);
        const bool same_life = (rtt_a == kUnreachableRtt) == (rtt_b == kUnreachableRtt);
        return a.node == b.node && a.mtu == b.mtu && same_life && (moved < kLeastRttMove || moved * 50 < rtt_a) &&
               std::llabs(std::int64_t{a.loss.value()} - b.loss.value()) < kLeastLossMove;
    };
    return !std::ranges::equal(old_row, new_row, close);
}

}  // namespace izar
