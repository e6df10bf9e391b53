#include "dataplane/stages/open_flow.h"

#include "dataplane/stages/families.h"

namespace izar {
namespace {

// Why a lane cannot have a flow: TCP packets are answered by RST, so that the client need not wait.
template <typename Address>
void refuse(Burst& burst, unsigned lane, Verdict why) noexcept {
    const std::uint8_t flags = tcp_flags<Address>(burst, lane);
    burst.verdict[lane] = why;
    if (flags != 0 && (flags & kTcpRst) == 0) {
        burst.verdict[lane] = Verdict::pending;
        burst.reset.add(lane);
    }
}

// Only a client's own first words open a flow: a SYN, a datagram, an echo request.
template <typename Address>
bool is_echo_reply(const Burst& burst, unsigned lane, IpProtocol protocol) noexcept {
    return is_icmp(protocol) && *burst.l4[lane] != FamilyOf<Address>::kEchoRequest;
}

// The service that a lane belongs to: by VIP where the packet comes from a port, by VNI where it comes out
// of the overlay (and then the VIP must agree). -1 with a verdict, or exception, if there is none.
template <typename Address>
int service_of_lane(Burst& burst, unsigned lane, const FlowKey<Address>& key, const ServiceTable& services) noexcept {
    const LaneNote& note = burst.note[lane];
    const IpAddress vip{key.destination};
    int index = services.find(vip, transport_of(key.protocol), key.destination_port.value());
    if (is_echo_reply<Address>(burst, lane, key.protocol)) {
        index = -1;
    }
    if (note.way == Way::egress) {
        if (index < 0 || services[index].id != note.service) {
            burst.verdict[lane] = Verdict::unknown_service;
            return -1;
        }
        return index;
    }
    if (index >= 0) {
        return index;
    }
    if (services.is_vip(vip)) {
        refuse<Address>(burst, lane, Verdict::no_service);
        return -1;
    }
    // The kernel's, also where it is sent to an egress address: its own sockets use that address too.
    burst.exception.add(lane);
    return -1;
}

// The egress of a new flow, or kNoSlot.
template <typename Address>
NodeSlot choose_egress(const FlowKey<Address>& key, const Service& service, const Fleet& fleet) noexcept {
    const std::uint8_t index = service.egress_choice->pick(client_hash(key));
    return index == MaglevTable::kNobody ? kNoSlot : fleet.slot(service.egresses[index].node);
}

template <typename Address>
void fill_new_flow(Flow<Address>& flow, const Burst& burst, unsigned lane, const Service& service,
                   const RouteTable& routes) noexcept {
    flow.service = service.id;
    flow.policy = service.policy;
    flow.policy_version = routes.policy_version;
    flow.flags |= service.duplicate ? kFlowDuplicate : 0;
    flow.tcp_state = first_tcp_state(tcp_flags<Address>(burst, lane));
    flow.egress = kNoSlot;
    flow.ingress = kNoNode;
    flow.first_link = kNoSlot;
    flow.client_neighbor = kNoNeighbor;
    flow.origin_neighbor = kNoNeighbor;
}

Be16 port_of(const Origin& origin, Be16 vip_port) noexcept {
    return origin.port == 0 ? vip_port : Be16{origin.port};
}

}  // namespace

template <typename Address>
void fetch_session(const FlowKey<Address>& key, LcoreState& lcore, const Published& published) noexcept {
    const ServiceTable& services = *published.services;
    const int found =
        services.find(IpAddress{key.destination}, transport_of(key.protocol), key.destination_port.value());
    if (found < 0) {
        return;
    }
    const Service& service = services[found];
    const std::uint8_t index = service.origin_choice->pick(origin_hash(key));
    if (index == MaglevTable::kNobody) {
        return;
    }
    const Origin& origin = service.origins[index];
    const auto likely = FamilyOf<Address>::ports(lcore).first_choice(key, FamilyOf<Address>::address(origin.address),
                                                                     port_of(origin, key.destination_port));
    if (likely) {
        FamilyOf<Address>::flows(lcore).fetch(*likely);
    }
}

template <typename Address>
void open_session(Burst& burst, unsigned lane, FlowRef ref, LcoreState& lcore, const Published& published) noexcept {
    auto& flows = FamilyOf<Address>::flows(lcore);
    Flow<Address>& flow = flows[ref];
    const std::uint8_t flags = tcp_flags<Address>(burst, lane);
    const bool opens = flow.protocol != IpProtocol::tcp || ((flags & kTcpSyn) != 0 && (flags & kTcpAck) == 0);
    // By id: the table may have changed since the flow was opened, and with it every index.
    const int service_index = published.services->find(flow.service);
    if (service_index < 0) {
        burst.verdict[lane] = Verdict::unknown_service;
        return;
    }
    const Service& service = (*published.services)[service_index];
    const std::uint8_t index = opens ? service.origin_choice->pick(origin_hash(flow.client_key())) : 0;
    if (!opens || index == MaglevTable::kNobody) {
        refuse<Address>(burst, lane, opens ? Verdict::no_origin : Verdict::no_session);
        return;
    }
    const Origin& origin = service.origins[index];
    const auto hop = lcore.shared.interfaces.next_hop(origin.address);
    const auto reply = FamilyOf<Address>::ports(lcore).choose(
        flows, flow.client_key(), FamilyOf<Address>::address(origin.address), port_of(origin, flow.vip_port));
    if (!hop || !reply) {
        refuse<Address>(burst, lane, hop ? Verdict::ports_exhausted : Verdict::no_next_hop);
        return;
    }
    if (!flows.add_session(ref, *reply)) {
        refuse<Address>(burst, lane, Verdict::flows_full);
        return;
    }
    flow.egress = published.fleet->self;
    flow.origin_neighbor = lcore.shared.neighbors.insert(hop->port, hop->address);
    burst.flow[lane] = ref;
    burst.forward.add(lane);
}

template <typename Address>
void open_flow(Burst& burst, unsigned lane, const FlowKey<Address>& key, std::uint64_t hash, LcoreState& lcore,
               const Published& published, Instant now) noexcept {
    const int index = service_of_lane(burst, lane, key, *published.services);
    if (index < 0) {
        return;
    }
    const Fleet& fleet = *published.fleet;
    const Service& service = (*published.services)[index];
    const LaneNote& note = burst.note[lane];
    const NodeSlot egress = note.way == Way::egress ? fleet.self : choose_egress(key, service, fleet);
    if (egress == kNoSlot) {
        refuse<Address>(burst, lane, Verdict::no_egress);
        return;
    }
    auto& flows = FamilyOf<Address>::flows(lcore);
    const FlowRef ref = flows.create(key, hash, now);
    if (!ref) {
        burst.verdict[lane] = Verdict::flows_full;
        // What is no SYN may belong to a connection that its egress still knows: that one must not be reset.
        if ((tcp_flags<Address>(burst, lane) & kTcpSyn) != 0) {
            refuse<Address>(burst, lane, Verdict::flows_full);
        }
        return;
    }
    Flow<Address>& flow = flows[ref];
    burst.flow[lane] = ref;
    if (flow.service != kNoService) {  // an earlier packet of this burst opened it
        if (note.way == Way::egress && !flow.has_session()) {
            open_session<Address>(burst, lane, ref, lcore, published);
        } else {
            burst.forward.add(lane);
        }
        return;
    }
    fill_new_flow(flow, burst, lane, service, *published.routes);
    flow.egress = egress;
    if (egress == fleet.self) {
        open_session<Address>(burst, lane, ref, lcore, published);
        if (!flow.has_session()) {
            flows.erase(ref);  // nobody else knows it yet
        }
        return;
    }
    flow.flags |= kFlowIngress;
    burst.forward.add(lane);
}

template void open_flow(Burst&, unsigned, const FlowKey<Ipv4Address>&, std::uint64_t, LcoreState&, const Published&,
                        Instant) noexcept;
template void open_flow(Burst&, unsigned, const FlowKey<Ipv6Address>&, std::uint64_t, LcoreState&, const Published&,
                        Instant) noexcept;
template void fetch_session(const FlowKey<Ipv4Address>&, LcoreState&, const Published&) noexcept;
template void fetch_session(const FlowKey<Ipv6Address>&, LcoreState&, const Published&) noexcept;
template void open_session<Ipv4Address>(Burst&, unsigned, FlowRef, LcoreState&, const Published&) noexcept;
template void open_session<Ipv6Address>(Burst&, unsigned, FlowRef, LcoreState&, const Published&) noexcept;

}  // namespace izar
