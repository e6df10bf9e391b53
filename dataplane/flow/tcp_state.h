// tcp_state.h -- What a flow knows about its TCP connection: enough to choose a timeout, no more.
//
// Thread: pure functions.
//
//   opening ---- client's ACK, or data ----> established ---- FIN ----> client_closed | origin_closed
//      ^                                                                          | the other's FIN
//      |                                                                          v
//      +--------------------- SYN of the client (port reuse) ------------ closing | closed <--- RST, from anywhere
//
// A SYN on a connection that is not over changes nothing: RFC 5961 section 4 makes the origin challenge
// it, and a spoofed SYN must not disturb a live flow. Sequence numbers are not followed.
#pragma once

#include <cstdint>

#include "dataplane/base/types.h"
#include "dataplane/tables/service_table.h"
#include "dataplane/wire/headers.h"

namespace izar {

enum class Direction : std::uint8_t {
    forward,  // client -> origin
    reply,    // origin -> client
};

enum class TcpState : std::uint8_t {
    opening,
    established,
    client_closed,  // the client's FIN seen, the origin may go on sending
    origin_closed,  // the origin's FIN seen, the client may go on sending
    closing,        // both FINs seen
    closed,         // RST seen
};

// State of a flow whose first packet, from the client, has these flags. A packet in the middle of a
// connection (its flow was on another ingress until now) begins as established.
TcpState first_tcp_state(std::uint8_t flags) noexcept;

struct TcpStep {
    TcpState state;
    bool restarted;  // a new connection on the old ports: the caller may choose anew whatever it chose for the old one
};

// State after one more packet.
TcpStep next_tcp_state(TcpState state, Direction direction, std::uint8_t flags) noexcept;

// Idle time after which a flow is forgotten: the service's timeout of the protocol and, for TCP, of the
// state, bounded by kLongestFlowTimeout.
Nanos flow_timeout(IpProtocol protocol, TcpState state, const FlowTimeouts& timeouts) noexcept;

}  // namespace izar
