// time_legs.h -- The RTT of a flow's legs outside the overlay, from TCP connections that pass through this node.
//
// Thread: one lcore. Looks at packets, changes none.
//
//   origin leg, at an egress:   SYN to the origin ........... its SYN-ACK
//                               data to the origin .......... the echo of its timestamp
//   client leg, at an ingress:  SYN-ACK to the client ....... its first packet after that
//                               data to the client .......... the echo of its timestamp
//
// What ends a leg is noted with the service in lcore.legs, or lcore.stamped_legs. The halves of a handshake may pass on
// different lcores; timestamps are looked at where both pass on one, and only once a millisecond
// (probes/timestamp_samples.h): any other packet pays for two comparisons.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/stages/families.h"

namespace izar {

// Which half of a handshake a TCP segment with these flags (0: not TCP) may be.
constexpr bool is_syn(std::uint8_t flags) noexcept {
    return (flags & (kTcpSyn | kTcpAck)) == kTcpSyn;
}
constexpr bool is_syn_ack(std::uint8_t flags) noexcept {
    return (flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck);
}

// A client's packet with `flags` of a flow that was in state `before`; burst.hash is that of its client's key.
template <typename Address>
void time_client_packet(Flow<Address>& flow, TcpState before, std::uint8_t flags, const Burst& burst, unsigned lane,
                        LcoreState& lcore, Instant now) noexcept;

// An origin's packet with `flags`; `client_here`: its client is attached to this node.
template <typename Address>
void time_origin_packet(Flow<Address>& flow, std::uint8_t flags, bool client_here, const Burst& burst, unsigned lane,
                        LcoreState& lcore, Instant now) noexcept;

// A reply that came out of the overlay at its ingress, with l4 set.
void time_delivery(const Burst& burst, unsigned lane, LcoreState& lcore, Instant now) noexcept;

}  // namespace izar
