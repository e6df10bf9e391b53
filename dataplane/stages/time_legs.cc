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

// The timestamps of a lane's TCP segment; nullptr: none, or laid out in a way that no stack uses.
const TcpTimestamps* timestamps_of(const Burst& burst, unsigned lane) noexcept {
    const auto& tcp = header_at<TcpHeader>(burst.l4[lane]);
    if (tcp.header_length() < sizeof(TcpHeader) + sizeof(TcpTimestamps)) {
        return nullptr;
    }
    const auto& out = *reinterpret_cast<const TcpTimestamps*>(burst.l4[lane] + sizeof(TcpHeader));
    return out.head == kTcpTimestampsHead ? &out : nullptr;
}

// Only data is acknowledged at once; the echo of a bare acknowledgment comes when its end has something to say.
bool has_data(const Burst& burst, unsigned lane) noexcept {
    const auto l4_length = burst.ip_length[lane] - static_cast<std::size_t>(burst.l4[lane] - burst.ip[lane]);
    return l4_length > header_at<TcpHeader>(burst.l4[lane]).header_length();
}

template <typename Address>
std::uint64_t sample_key(const Flow<Address>& flow) noexcept {
    return reinterpret_cast<std::uintptr_t>(&flow);  // an entry keeps its place, and another flow there has no flag
}

constexpr std::uint8_t flag_of(Leg leg) noexcept {
    return leg == Leg::client ? kFlowClientTimed : kFlowOriginTimed;
}

// A segment with `flags` leaves for the end of `leg`, and a sample is due.
template <typename Address>
[[gnu::noinline, gnu::cold]] void begin_round_trip(Flow<Address>& flow, Leg leg, std::uint8_t flags, const Burst& burst,
                                                   unsigned lane, LcoreState& lcore, Instant now) noexcept {
    const TcpTimestamps* const stamps =
        (flow.flags & flag_of(leg)) == 0 && (flags & kTcpAck) != 0 ? timestamps_of(burst, lane) : nullptr;
    if (stamps == nullptr || !has_data(burst, lane)) {
        lcore.timestamps.pass(now);
    } else if (lcore.timestamps.begin(sample_key(flow), leg, stamps->value.value(), now)) {
        flow.flags |= flag_of(leg);
    }
}

// A segment comes from there, and one is under way.
template <typename Address>
[[gnu::noinline, gnu::cold]] void end_round_trip(Flow<Address>& flow, Leg leg, const Burst& burst, unsigned lane,
                                                 LcoreState& lcore, Instant now) noexcept {
    const TcpTimestamps* const stamps = timestamps_of(burst, lane);
    if (stamps == nullptr) {
        return;
    }
    const auto end = lcore.timestamps.end(sample_key(flow), leg, stamps->echo.value(), now);
    if (end.over) {
        flow.flags = static_cast<std::uint8_t>(flow.flags & ~flag_of(leg));
    }
    if (end.rtt) {
        lcore.stamped_legs.add(flow.service, leg, *end.rtt, now);
    }
}

// A packet with `flags` of a TCP connection comes from the end of one leg, if that is outside the overlay here, and
// leaves for the end of the other.
template <typename Address>
void time_round_trips(Flow<Address>& flow, Leg from, bool from_here, Leg to, bool to_here, std::uint8_t flags,
                      const Burst& burst, unsigned lane, LcoreState& lcore, Instant now) noexcept {
    if (from_here && (flow.flags & flag_of(from)) != 0) [[unlikely]] {
        end_round_trip(flow, from, burst, lane, lcore, now);
    }
    if (to_here && flags != 0 && lcore.timestamps.due(now)) [[unlikely]] {
        begin_round_trip(flow, to, flags, burst, lane, lcore, now);
    }
}

}  // namespace

template <typename Address>
void time_client_packet(Flow<Address>& flow, TcpState before, std::uint8_t flags, const Burst& burst, unsigned lane,
                        LcoreState& lcore, Instant now) noexcept {
    time_round_trips(flow, Leg::client, burst.note[lane].way == Way::plain, Leg::origin, flow.has_session(), flags,
                     burst, lane, lcore, now);
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
void time_origin_packet(Flow<Address>& flow, std::uint8_t flags, bool client_here, const Burst& burst, unsigned lane,
                        LcoreState& lcore, Instant now) noexcept {
    time_round_trips(flow, Leg::origin, true, Leg::client, client_here, flags, burst, lane, lcore, now);
    if (!is_syn_ack(flags)) {
        return;
    }
    const std::uint64_t hash = FamilyOf<Address>::flows(lcore).hash(flow.client_key());
    end_leg(hash, Leg::origin, flow.service, lcore, now);
    if (client_here) {
        lcore.shared.handshakes.begin(leg_hash(hash, Leg::client), now);
    }
}

template void time_client_packet(Flow<Ipv4Address>&, TcpState, std::uint8_t, const Burst&, unsigned, LcoreState&,
                                 Instant) noexcept;
template void time_client_packet(Flow<Ipv6Address>&, TcpState, std::uint8_t, const Burst&, unsigned, LcoreState&,
                                 Instant) noexcept;
template void time_origin_packet(Flow<Ipv4Address>&, std::uint8_t, bool, const Burst&, unsigned, LcoreState&,
                                 Instant) noexcept;
template void time_origin_packet(Flow<Ipv6Address>&, std::uint8_t, bool, const Burst&, unsigned, LcoreState&,
                                 Instant) noexcept;

void time_delivery(const Burst& burst, unsigned lane, LcoreState& lcore, Instant now) noexcept {
    by_family(burst.ip[lane], [&](auto address) {
        using Address = decltype(address);
        const std::uint8_t flags = tcp_flags<Address>(burst, lane);
        const bool due = (flags & kTcpAck) != 0 && lcore.timestamps.due(now);
        if (!is_syn_ack(flags) && !due) {
            return;
        }
        const auto& ip = *reinterpret_cast<const typename FamilyOf<Address>::Header*>(burst.ip[lane]);
        const auto& tcp = *reinterpret_cast<const TcpHeader*>(burst.l4[lane]);
        const FlowKey<Address> key{ip.destination,  ip.source,       tcp.destination_port,
                                   tcp.source_port, IpProtocol::tcp, {}};
        auto& flows = FamilyOf<Address>::flows(lcore);
        const std::uint64_t hash = flows.hash(key);
        if (is_syn_ack(flags)) {
            lcore.shared.handshakes.begin(leg_hash(hash, Leg::client), now);
        } else if (const FlowRef flow = flows.find(key, hash); flow != FlowRef{}) {
            begin_round_trip(flows[flow], Leg::client, flags, burst, lane, lcore, now);
        }
    });
}

}  // namespace izar
