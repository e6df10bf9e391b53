#include "dataplane/stages/open_flow.h"

#include <array>

#include "dataplane/stages/families.h"
#include "dataplane/stages/open_session.h"

namespace izar {
namespace {

// Only a client's own first words open a flow: a SYN, a datagram, an echo request.
template <typename Address>
bool is_echo_reply(const Burst& burst, unsigned lane, IpProtocol protocol) noexcept {
    return is_icmp(protocol) && *burst.l4[lane] != FamilyOf<Address>::kEchoRequest;
}

// The service that a key's packets belong to by VIP, transport and port: an index, or -1.
template <typename Address>
int service_of_key(const Burst& burst, unsigned lane, const FlowKey<Address>& key,
                   const ServiceTable& services) noexcept {
    if (is_echo_reply<Address>(burst, lane, key.protocol)) {
        return -1;
    }
    return services.find(IpAddress{key.destination}, transport_of(key.protocol), key.destination_port.value());
}

// Whether a lane may open a flow of the service with this index (-1: none). A packet that comes out of the overlay must
// name the same one by its VNI. If not, the lane has a verdict, or is on exception.
template <typename Address>
bool may_open(Burst& burst, unsigned lane, const FlowKey<Address>& key, int service,
              const ServiceTable& services) noexcept {
    const LaneNote& note = burst.note[lane];
    if (note.way == Way::egress) {
        if (service < 0 || services[service].id != note.service) {
            burst.verdict[lane] = Verdict::unknown_service;
            return false;
        }
        return true;
    }
    if (service >= 0) {
        return true;
    }
    if (services.is_vip(IpAddress{key.destination})) {
        refuse<Address>(burst, lane, Verdict::no_service);
        return false;
    }
    // The kernel's, also where it is sent to an egress address: its own sockets use that address too.
    burst.exception.add(lane);
    return false;
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

// What is known of a lane before its flow is opened.
template <typename Address>
struct Opening {
    int service;                   // index, -1: none
    NodeSlot egress;               // meaningless without service
    SessionPlan<Address> session;  // meaningless unless this node is the egress
};

template <typename Address>
Opening<Address> plan(const Burst& burst, unsigned lane, const FlowKey<Address>& key, LcoreState& lcore,
                      const Published& published) noexcept {
    const Fleet& fleet = *published.fleet;
    const int index = service_of_key(burst, lane, key, *published.services);
    if (index < 0) {
        return {-1, kNoSlot, {}};
    }
    const Service& service = (*published.services)[index];
    const NodeSlot egress = burst.note[lane].way == Way::egress ? fleet.self : choose_egress(key, service, fleet);
    if (egress != fleet.self) {
        return {index, egress, {}};
    }
    return {index, egress, plan_session(key, service, lcore)};
}

template <typename Address>
void open_planned(Burst& burst, unsigned lane, const FlowKey<Address>& key, std::uint64_t hash,
                  const Opening<Address>& opening, LcoreState& lcore, const Published& published,
                  Instant now) noexcept {
    if (!may_open(burst, lane, key, opening.service, *published.services)) {
        return;
    }
    if (opening.egress == kNoSlot) {
        return refuse<Address>(burst, lane, Verdict::no_egress);
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
        if (burst.note[lane].way == Way::egress && !flow.has_session()) {
            open_session<Address>(burst, lane, ref, lcore, published);
        } else {
            burst.forward.add(lane);
        }
        return;
    }
    fill_new_flow(flow, burst, lane, (*published.services)[opening.service], *published.routes);
    flow.egress = opening.egress;
    if (opening.egress == published.fleet->self) {
        open_session(burst, lane, ref, opening.session, lcore, published);
        if (!flow.has_session()) {
            flows.erase(ref);  // nobody else knows it yet
        }
        return;
    }
    flow.flags |= kFlowIngress;
    burst.forward.add(lane);
}

}  // namespace

template <typename Address>
void open_flow(Burst& burst, unsigned lane, const FlowKey<Address>& key, std::uint64_t hash, LcoreState& lcore,
               const Published& published, Instant now) noexcept {
    open_planned(burst, lane, key, hash, plan(burst, lane, key, lcore, published), lcore, published, now);
}

template <typename Address>
void open_flows(Burst& burst, std::span<const NewFlow<Address>> flows, LcoreState& lcore, const Published& published,
                Instant now) noexcept {
    std::array<Opening<Address>, kMaxBurst> opening;
    for (std::size_t i = 0; i < flows.size(); ++i) {
        opening[i] = plan(burst, flows[i].lane, flows[i].key, lcore, published);
    }
    for (std::size_t i = 0; i < flows.size(); ++i) {
        open_planned(burst, flows[i].lane, flows[i].key, flows[i].hash, opening[i], lcore, published, now);
    }
}

template void open_flow(Burst&, unsigned, const FlowKey<Ipv4Address>&, std::uint64_t, LcoreState&, const Published&,
                        Instant) noexcept;
template void open_flow(Burst&, unsigned, const FlowKey<Ipv6Address>&, std::uint64_t, LcoreState&, const Published&,
                        Instant) noexcept;
template void open_flows(Burst&, std::span<const NewFlow<Ipv4Address>>, LcoreState&, const Published&,
                         Instant) noexcept;
template void open_flows(Burst&, std::span<const NewFlow<Ipv6Address>>, LcoreState&, const Published&,
                         Instant) noexcept;

}  // namespace izar
