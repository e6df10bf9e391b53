#include "dataplane/stages/open_session.h"

#include "dataplane/stages/families.h"

namespace izar {
namespace {

Be16 port_of(const Origin& origin, Be16 vip_port) noexcept {
    return origin.port == 0 ? vip_port : Be16{origin.port};
}

// Only a client's own first words open a session.
template <typename Address>
bool opens_session(const Burst& burst, unsigned lane, IpProtocol protocol) noexcept {
    const std::uint8_t flags = tcp_flags<Address>(burst, lane);
    return protocol != IpProtocol::tcp || ((flags & kTcpSyn) != 0 && (flags & kTcpAck) == 0);
}

}  // namespace

template <typename Address>
void refuse(Burst& burst, unsigned lane, Verdict why) noexcept {
    const std::uint8_t flags = tcp_flags<Address>(burst, lane);
    burst.verdict[lane] = why;
    if (flags != 0 && (flags & kTcpRst) == 0) {
        burst.verdict[lane] = Verdict::pending;
        burst.reset.add(lane);
    }
}

template <typename Address>
SessionPlan<Address> plan_session(const FlowKey<Address>& key, const Service& service, LcoreState& lcore) noexcept {
    const std::uint8_t index = service.origin_choice->pick(origin_hash(key));
    if (index == MaglevTable::kNobody) {
        return {nullptr, std::nullopt};
    }
    const Origin& origin = service.origins[index];
    auto& flows = FamilyOf<Address>::flows(lcore);
    const auto first = FamilyOf<Address>::ports(lcore).first_choice(
        flows, key, FamilyOf<Address>::address(origin.address), port_of(origin, key.destination_port));
    if (first) {
        flows.fetch(first->hash);
    }
    return {&origin, first};
}

template <typename Address>
void open_session(Burst& burst, unsigned lane, FlowRef ref, const SessionPlan<Address>& plan, LcoreState& lcore,
                  const Published& published) noexcept {
    auto& flows = FamilyOf<Address>::flows(lcore);
    Flow<Address>& flow = flows[ref];
    if (!opens_session<Address>(burst, lane, flow.protocol)) {
        return refuse<Address>(burst, lane, Verdict::no_session);
    }
    if (plan.origin == nullptr) {
        return refuse<Address>(burst, lane, Verdict::no_origin);
    }
    const auto hop = lcore.shared.interfaces.next_hop(plan.origin->address);
    const auto reply = FamilyOf<Address>::ports(lcore).choose(flows, flow.client_key(), plan.first);
    if (!hop || !reply) {
        return refuse<Address>(burst, lane, hop ? Verdict::ports_exhausted : Verdict::no_next_hop);
    }
    if (!flows.add_session(ref, *reply)) {
        return refuse<Address>(burst, lane, Verdict::flows_full);
    }
    flow.egress = published.fleet->self;
    flow.origin_neighbor = lcore.shared.neighbors.insert(hop->port, hop->address);
    burst.flow[lane] = ref;
    burst.forward.add(lane);
}

template <typename Address>
void open_session(Burst& burst, unsigned lane, FlowRef ref, LcoreState& lcore, const Published& published) noexcept {
    const Flow<Address>& flow = FamilyOf<Address>::flows(lcore)[ref];
    // By id: the table may have changed since the flow was opened, and with it every index.
    const int service = published.services->find(flow.service);
    if (service < 0) {
        burst.verdict[lane] = Verdict::unknown_service;
        return;
    }
    open_session(burst, lane, ref, plan_session(flow.client_key(), (*published.services)[service], lcore), lcore,
                 published);
}

#define IZAR_INSTANTIATE(Address)                                                                              \
    template void refuse<Address>(Burst&, unsigned, Verdict) noexcept;                                         \
    template SessionPlan<Address> plan_session(const FlowKey<Address>&, const Service&, LcoreState&) noexcept; \
    template void open_session(Burst&, unsigned, FlowRef, const SessionPlan<Address>&, LcoreState&,            \
                               const Published&) noexcept;                                                     \
    template void open_session<Address>(Burst&, unsigned, FlowRef, LcoreState&, const Published&) noexcept

IZAR_INSTANTIATE(Ipv4Address);
IZAR_INSTANTIATE(Ipv6Address);

}  // namespace izar
