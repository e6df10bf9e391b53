#include "dataplane/stages/time_legs.h"

namespace izar {
namespace {

// One hash for each leg of a connection.
constexpr std::uint64_t leg_hash(std::uint64_t client_hash, Leg leg) noexcept {
    return leg == Leg::client ? client_hash : client_hash ^ 0x9E3779B97F4A7C15;
}

void end_leg(std::uint64_t client_hash, Leg leg, ServiceId service, LcoreState& lcore, Instant now) noexcept {
    if (const auto rtt = lcore.shared.handshakes.end(leg_hash(client_hash, leg), now)) {
        lcore.legs.add(service, leg, *rtt, now);
    }
}

}  // namespace

template <typename Address>
void time_client_packet(const Flow<Address>& flow, TcpState before, std::uint8_t flags, const Burst& burst,
                        unsigned lane, LcoreState& lcore, Instant now) noexcept {
    if (is_syn(flags)) {
        if (flow.has_session()) {
            lcore.shared.handshakes.begin(leg_hash(burst.hash[lane], Leg::origin), now);
        }
    } else if (before == TcpState::opening && flow.tcp_state == TcpState::established &&
               burst.note[lane].way == Way::plain) {
        end_leg(burst.hash[lane], Leg::client, flow.service, lcore, now);
    }
}

template <typename Address>
void time_origin_packet(const Flow<Address>& flow, std::uint8_t flags, bool client_here, LcoreState& lcore,
                        Instant now) noexcept {
    if (!is_syn_ack(flags)) {
        return;
    }
    const std::uint64_t hash = FamilyOf<Address>::flows(lcore).hash(flow.client_key());
    end_leg(hash, Leg::origin, flow.service, lcore, now);
    if (client_here) {
        lcore.shared.handshakes.begin(leg_hash(hash, Leg::client), now);
    }
}

template void time_client_packet(const Flow<Ipv4Address>&, TcpState, std::uint8_t, const Burst&, unsigned, LcoreState&,
                                 Instant) noexcept;
template void time_client_packet(const Flow<Ipv6Address>&, TcpState, std::uint8_t, const Burst&, unsigned, LcoreState&,
                                 Instant) noexcept;
template void time_origin_packet(const Flow<Ipv4Address>&, std::uint8_t, bool, LcoreState&, Instant) noexcept;
template void time_origin_packet(const Flow<Ipv6Address>&, std::uint8_t, bool, LcoreState&, Instant) noexcept;

void time_delivery(const Burst& burst, unsigned lane, LcoreState& lcore, Instant now) noexcept {
    by_family(burst.ip[lane], [&](auto address) {
        using Address = decltype(address);
        if (!is_syn_ack(tcp_flags<Address>(burst, lane))) {
            return;
        }
        const auto& ip = *reinterpret_cast<const typename FamilyOf<Address>::Header*>(burst.ip[lane]);
        const auto& tcp = *reinterpret_cast<const TcpHeader*>(burst.l4[lane]);
        const FlowKey<Address> key{ip.destination,  ip.source,       tcp.destination_port,
                                   tcp.source_port, IpProtocol::tcp, {}};
        lcore.shared.handshakes.begin(leg_hash(FamilyOf<Address>::flows(lcore).hash(key), Leg::client), now);
    });
}

}  // namespace izar
