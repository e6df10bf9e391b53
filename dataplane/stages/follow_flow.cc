#include "dataplane/stages/follow_flow.h"

#include <algorithm>

#include "dataplane/stages/answer.h"
#include "dataplane/stages/clamp_mss.h"
#include "dataplane/stages/families.h"
#include "dataplane/stages/open_flow.h"
#include "dataplane/stages/route.h"
#include "dataplane/stages/time_legs.h"
#include "dataplane/stages/translate.h"
#include "dataplane/wire/duplicate_tag.h"

namespace izar {
namespace {

// Where an overlay packet goes and what its header says of it.
struct Journey {
    NodeSlot to;
    NodeId ingress;
    std::uint8_t overlay_flags;
};

// Notes one more packet of the flow; returns the time since the last one.
template <typename Address>
Nanos touch(Flow<Address>& flow, const Burst& burst, unsigned lane, Direction direction, Instant now) noexcept {
    const std::uint8_t flags = tcp_flags<Address>(burst, lane);
    if (flags != 0) {
        flow.tcp_state = next_tcp_state(flow.tcp_state, direction, flags).state;
    }
    const FlowTime time = FlowTime::of(now);
    const Nanos gap = elapsed(flow.last_packet, time);
    flow.last_packet = time;
    return gap;
}

// The path of this packet: the flow's own, or the table's if the flow may move to it now.
template <typename Address>
const Path* choose_path(Flow<Address>& flow, const Destination& destination, const SharedLinks& links,
                        std::uint64_t hash, Nanos gap, Instant now) noexcept {
    const Path* const best = usable_path(destination, links, hash);
    if (best == nullptr) {
        return nullptr;
    }
    if (best->segments == flow.segments) {
        flow.flags = static_cast<std::uint8_t>(flow.flags & ~kFlowPathWaits);
        return best;
    }
    FlowPath current{flow.segments, (flow.flags & kFlowPathWaits) != 0, flow.path_since};
    if (moves(current, *best, destination, links, gap, FlowTime::of(now))) {
        flow.segments = best->segments;
        flow.flags = static_cast<std::uint8_t>(flow.flags & ~kFlowPathWaits);
        return best;
    }
    flow.flags |= kFlowPathWaits;
    flow.path_since = current.since;
    for (const Path& path : destination.path) {
        if (path.segments == flow.segments) {
            return &path;
        }
    }
    return best;
}

// The policy that the flow's service follows now.
template <typename Address>
PolicyIndex policy_of(Flow<Address>& flow, const Published& published) noexcept {
    if (flow.policy_version != published.routes->policy_version) [[unlikely]] {
        flow.policy = published.services->policy_of(flow.service);
        flow.policy_version = published.routes->policy_version;
    }
    return flow.policy;
}

// Chooses the way of the packet's second copy, if there is one; returns the largest inner packet that both carry.
std::uint16_t prepare_copy(Burst& burst, unsigned lane, const Destination& destination, const Path& path,
                           const SharedLinks& links) noexcept {
    const Path* const second = second_path(destination, links, path);
    std::uint16_t carried = path.inner_mtu;
    if (second != nullptr) {
        burst.second_path[lane] = *second;
        burst.overlay_flags[lane] |= kFlagDuplicate;
        carried = std::min(carried, second->inner_mtu);
    }
    return static_cast<std::uint16_t>(carried - sizeof(DuplicateTag));
}

// Puts a lane on seal, or answers it if it does not fit or has no path. True if it is on its way.
template <typename Address>
bool send_through_overlay(Burst& burst, unsigned lane, Flow<Address>& flow, const Journey& journey, Nanos gap,
                          LcoreState& lcore, const Published& published, Instant now) noexcept {
    if (journey.to == kNoSlot) {
        burst.verdict[lane] = Verdict::no_path;
        return false;
    }
    const Destination& destination = published.routes->to(policy_of(flow, published), journey.to);
    const Path* const path = choose_path(flow, destination, lcore.shared.links, burst.hash[lane], gap, now);
    if (path == nullptr) {
        burst.verdict[lane] = Verdict::no_path;
        return false;
    }
    burst.overlay_flags[lane] = journey.overlay_flags;
    std::uint16_t inner_mtu = path->inner_mtu;
    if ((flow.flags & kFlowDuplicate) != 0) {
        inner_mtu = prepare_copy(burst, lane, destination, *path, lcore.shared.links);
    }
    if (burst.ip_length[lane] > inner_mtu) {
        answer_too_big(burst, lane, inner_mtu, lcore, now);
        return false;
    }
    if ((tcp_flags<Address>(burst, lane) & kTcpSyn) != 0) {
        clamp_mss(burst.ip[lane], burst.l4[lane], burst.ip_length[lane], inner_mtu);
    }
    burst.path[lane] = *path;
    burst.ingress[lane] = journey.ingress;
    burst.service[lane] = flow.service;
    burst.seal.add(lane);
    return true;
}

void send_to_neighbor(Burst& burst, unsigned lane, NeighborIndex neighbor, const LcoreState& lcore) noexcept {
    if (neighbor == kNoNeighbor) {
        burst.verdict[lane] = Verdict::neighbors_full;
        return;
    }
    if (!take_hop(burst.ip[lane])) {
        burst.verdict[lane] = Verdict::ttl_expired;
        return;
    }
    burst.neighbor[lane] = neighbor;
    burst.port[lane] = lcore.shared.neighbors.port(neighbor);
    burst.address.add(lane);
}

// Whether a packet with these TCP flags (0: not TCP) means nothing to an egress without its session.
bool is_bound_to_session(std::uint8_t flags) noexcept {
    return flags != 0 && ((flags & kTcpSyn) == 0 || (flags & kTcpAck) != 0);
}

// Forgets the flow of a lane whose egress cannot be reached any more, unless an earlier lane of the same flow did.
template <typename Address>
void forget_flow(const Burst& burst, unsigned lane, LcoreState& lcore) noexcept {
    auto& flows = FamilyOf<Address>::flows(lcore);
    if (flows[burst.flow[lane]].in_use()) {
        flows.erase(burst.flow[lane]);
    }
}

// What can begin anew does so at another egress; the rest, whose session is lost, is told by RST.
template <typename Address>
void begin_anew(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published, Instant now) noexcept {
    FlowKey<Address> key;
    read_key(burst, lane, key);
    const std::uint8_t flags = tcp_flags<Address>(burst, lane);
    if (!is_bound_to_session(flags)) {
        burst.verdict[lane] = Verdict::pending;
        open_flow<Address>(burst, lane, key, FamilyOf<Address>::flows(lcore).hash(key), lcore, published, now);
    } else if ((flags & kTcpRst) == 0) {
        burst.verdict[lane] = Verdict::pending;
        burst.reset.add(lane);
    }
}

// Whether a connection without path still waits for one: its egress may be only out of sight for a moment, and an
// RST would end what a second of patience saves.
template <typename Address>
bool waits_for_path(Flow<Address>& flow, Instant now) noexcept {
    const bool waits = (flow.flags & kFlowPathWaits) != 0 && flow.segments[0] == kNoNode;
    if (!waits) {
        flow.flags |= kFlowPathWaits;
        flow.segments.fill(kNoNode);
        flow.path_since = FlowTime::of(now);
    }
    return elapsed(flow.path_since, FlowTime::of(now)) < kEgressPatience;
}

// False, with verdict no_path, if the flow has lost its egress.
template <typename Address>
bool follow_forward(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published, Instant now) noexcept {
    Flow<Address>& flow = FamilyOf<Address>::flows(lcore)[burst.flow[lane]];
    const LaneNote& note = burst.note[lane];
    const NodeId self = published.fleet->node(published.fleet->self).id;
    const TcpState before = flow.tcp_state;
    const Nanos gap = touch(flow, burst, lane, Direction::forward, now);
    time_client_packet(flow, before, tcp_flags<Address>(burst, lane), burst, lane, lcore, now);
    if (flow.has_session()) {
        flow.ingress = note.way == Way::plain ? self : note.ingress;
        translate(flow, Direction::forward, burst.ip[lane], burst.l4[lane]);
        send_to_neighbor(burst, lane, flow.origin_neighbor, lcore);
        return true;
    }
    return send_through_overlay(burst, lane, flow, {flow.egress, self, 0}, gap, lcore, published, now) ||
           burst.verdict[lane] != Verdict::no_path ||
           (is_bound_to_session(tcp_flags<Address>(burst, lane)) && waits_for_path(flow, now));
}

// The lanes that are left without a path.
LaneList follow_all_forward(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    LaneList stranded;
    for (const unsigned lane : burst.forward) {
        const bool followed = by_family(burst.ip[lane], [&](auto address) {
            return follow_forward<decltype(address)>(burst, lane, lcore, published, now);
        });
        if (!followed) {
            stranded.add(lane);
        }
    }
    burst.forward.clear();
    return stranded;
}

// In two passes, because lanes of one flow share its entry: none may be opened before all are forgotten.
void leave_egresses(Burst& burst, const LaneList& stranded, LcoreState& lcore, const Published& published,
                    Instant now) noexcept {
    for (const unsigned lane : stranded) {
        by_family(burst.ip[lane], [&](auto address) { forget_flow<decltype(address)>(burst, lane, lcore); });
    }
    for (const unsigned lane : stranded) {
        by_family(burst.ip[lane],
                  [&](auto address) { begin_anew<decltype(address)>(burst, lane, lcore, published, now); });
    }
    // Until the table knows which egress is gone, the choice may fall on it again: then the lane stays without a path.
    follow_all_forward(burst, lcore, published, now);
}

// The way to a client that is attached here; looked up once per flow.
template <typename Address>
NeighborIndex client_neighbor(Flow<Address>& flow, const LcoreState& lcore) noexcept {
    if (flow.client_neighbor == kNoNeighbor) {
        const IpAddress client{flow.client};
        const auto hop = lcore.shared.interfaces.next_hop(client);
        flow.client_neighbor = hop ? lcore.shared.neighbors.insert_to_client(*hop, client) : kNoNeighbor;
    }
    return flow.client_neighbor;
}

template <typename Address>
void follow_reply(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published, Instant now) noexcept {
    Flow<Address>& flow = FamilyOf<Address>::flows(lcore)[burst.flow[lane]];
    const Fleet& fleet = *published.fleet;
    const Nanos gap = touch(flow, burst, lane, Direction::reply, now);
    const bool client_here = flow.ingress == fleet.node(fleet.self).id;
    time_origin_packet(flow, tcp_flags<Address>(burst, lane), client_here, burst, lane, lcore, now);
    if (client_here) {
        translate(flow, Direction::reply, burst.ip[lane], burst.l4[lane]);
        send_to_neighbor(burst, lane, client_neighbor(flow, lcore), lcore);
        return;
    }
    const Journey journey{fleet.slot(flow.ingress), flow.ingress, kFlagReply};
    if (send_through_overlay(burst, lane, flow, journey, gap, lcore, published, now)) {
        translate(flow, Direction::reply, burst.ip[lane], burst.l4[lane]);
    }
}

}  // namespace

void follow_flow(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    const LaneList stranded = follow_all_forward(burst, lcore, published, now);
    if (!stranded.empty()) {
        leave_egresses(burst, stranded, lcore, published, now);
    }
    for (const unsigned lane : burst.reply) {
        by_family(burst.ip[lane],
                  [&](auto address) { follow_reply<decltype(address)>(burst, lane, lcore, published, now); });
    }
    burst.reply.clear();
}

}  // namespace izar
