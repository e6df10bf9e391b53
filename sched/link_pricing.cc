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
