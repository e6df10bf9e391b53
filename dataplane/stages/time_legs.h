// time_legs.h -- The RTT of a flow's legs outside the overlay, from TCP handshakes that pass through this node.
//
// Thread: one lcore. Looks at packets, changes none.
//
//   origin leg, at an egress:   SYN to the origin ........... its SYN-ACK
//   client leg, at an ingress:  SYN-ACK to the client ....... its first packet after that
//
// What ends a leg is noted with the service in lcore.legs. The halves may pass on different lcores.
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
void time_client_packet(const Flow<Address>& flow, TcpState before, std::uint8_t flags, const Burst& burst,
                        unsigned lane, LcoreState& lcore, Instant now) noexcept;

// An origin's packet with `flags`; `client_here`: its client is attached to this node.
template <typename Address>
void time_origin_packet(const Flow<Address>& flow, std::uint8_t flags, bool client_here, LcoreState& lcore,
                        Instant now) noexcept;

// A reply that came out of the overlay at its ingress, with l4 set.
void time_delivery(const Burst& burst, unsigned lane, LcoreState& lcore, Instant now) noexcept;

}  // namespace izar
