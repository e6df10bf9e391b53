#include "sched/link_pricing.h"

#include <cstdlib>

namespace izar {

CostTerms price_link(const Mesh& mesh, const RoutingPolicy& policy, NodeSlot from, NodeSlot to, Instant now) {
    const LinkView link = mesh.link(from, to, now);
    if (link.state != LinkState::up) {
        return CostTerms{};
    }
    const NodeLoad* load = mesh.load(to, now);
    const bool load_missing = policy.rule == CostRule::lyapunov && load == nullptr && mesh.feed_is_live();
    return link_cost(policy, {.rtt = link.rtt,
                              .loss = mesh.round_trip_loss(from, to),
                              .hold = load_missing ? Hold::strict : link.hold,
                              .far_node = load});
}

std::vector<bool> allowed_relays(const Mesh& mesh, const RoutingPolicy& policy, const Fleet& fleet, Instant now) {
    std::vector<bool> allowed(fleet.nodes.size());
    for (std::size_t s = 0; s < allowed.size(); ++s) {
        const NodeSlot slot{static_cast<std::uint16_t>(s)};
        allowed[s] = fleet.nodes[s].id != kNoNode && may_relay(policy, fleet.nodes[s], mesh.load(slot, now));
    }
    return allowed;
}

bool is_news(Cost planned, Cost measured) noexcept {
    constexpr Cost kLeastMove = 50;
    constexpr Cost kShare = 128;
    if (planned >= kUnknownCost || measured >= kUnknownCost) {
        return planned != measured;
    }
    const Cost moved = planned < measured ? measured - planned : planned - measured;
    return moved >= kLeastMove && moved >= planned / kShare;
}

}  // namespace izar
