// flow.h -- Flow: everything a node remembers about one client flow, in one cache line for IPv4.
//
// Thread: owned by the lcore whose FlowTable holds it.
//
// One entry serves both roles. The ingress role chooses an egress and a path for the client's packets; the
// egress role (the session) translates them, and sends the replies back. Where ingress = egress one entry
// has both. Bytes of an IPv4 / IPv6 entry:
//
//    IPv4    IPv6   content
//    0..15   0..39  client and VIP with ports, protocol, flags, TCP state, policy
//   16..23  40..47  times
//   24..31  48..55  service, MTU of the path
//   32..43  56..67  egress, ingress, path
//   44..51  68..75  neighbors, checksum deltas
//   52..63  76..111 origin and NAT address with ports
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/flow_time.h"
#include "dataplane/flow/tcp_state.h"

namespace izar {

enum FlowFlag : std::uint8_t {
    kFlowIngress = 0x01,      // egress and path fields are set
    kFlowSession = 0x02,      // origin, NAT and delta fields are set, by FlowTable::add_session
    kFlowDuplicate = 0x08,    // its service sends each packet over two paths
    kFlowPathWaits = 0x04,    // a better path waits for a flowlet gap since `path_since`
    kFlowClientTimed = 0x10,  // a round trip by timestamps is under way to the client,
    kFlowOriginTimed = 0x20,  // to the origin
};

// The table writes the fields marked (table); all others belong to its user. In a new entry they are zero, slots
// are kNoSlot and neighbors kNoNeighbor.
template <typename Address>
struct alignas(64) Flow {
    Address client;       // (table)
    Address vip;          // (table)
    Be16 client_port;     // (table)
    Be16 vip_port;        // (table)
    IpProtocol protocol;  // (table); 0 in a free entry
    std::uint8_t flags;   // FlowFlag bits; kFlowSession (table)
    TcpState tcp_state;   // meaningless if not TCP
    PolicyIndex policy;   // that the service followed at `policy_version`

    FlowTime last_packet;  // set by create, then by the user
    FlowTime path_since;   // when the path was taken, or since when a better one waits

    ServiceId service;
    std::uint16_t policy_version;  // of the RouteTable under which `policy` was looked up
    std::uint16_t inner_mtu;       // largest inner IP packet of the path in use, bytes

    NodeSlot egress;                            // ingress role: where the client's packets go
    NodeId ingress;                             // egress role: where the client's packets last came from
    NodeSlot first_link;                        // ingress role: slot of segments[0]
    std::array<NodeId, kMaxSegments> segments;  // ingress role: path in use, kNoNode-padded
    NeighborIndex client_neighbor;              // next hop towards the client
    NeighborIndex origin_neighbor;              // next hop towards the origin

    // RFC 1624 deltas of the forward rewrite; the reply's are their one's complements.
    std::uint16_t l3_delta;  // (table) of the IPv4 header checksum; meaningless for IPv6
    std::uint16_t l4_delta;  // (table) of the TCP, UDP or ICMP checksum

    Address origin;       // (table)
    Address nat_address;  // (table)
    Be16 origin_port;     // (table)
    Be16 nat_port;        // (table)

    bool in_use() const noexcept { return protocol != IpProtocol{}; }
    bool has_session() const noexcept { return (flags & kFlowSession) != 0; }

    FlowKey<Address> client_key() const noexcept { return {client, vip, client_port, vip_port, protocol, {}}; }
    FlowKey<Address> reply_key() const noexcept { return {origin, nat_address, origin_port, nat_port, protocol, {}}; }
};
static_assert(sizeof(Flow<Ipv4Address>) == 64, "one hot cache line");
static_assert(sizeof(Flow<Ipv6Address>) == 128);
static_assert(offsetof(Flow<Ipv4Address>, origin) == 52 && offsetof(Flow<Ipv6Address>, origin) == 76);

// What to give apply_delta() for a packet of this session that goes in `direction`. A UDP checksum of 0 over IPv4
// means "none" and stays 0; that is a property of each packet, so the caller looks.
template <typename Address>
std::uint16_t l3_delta(const Flow<Address>& flow, Direction direction) noexcept {
    return direction == Direction::forward ? flow.l3_delta : static_cast<std::uint16_t>(~flow.l3_delta);
}
template <typename Address>
std::uint16_t l4_delta(const Flow<Address>& flow, Direction direction) noexcept {
    return direction == Direction::forward ? flow.l4_delta : static_cast<std::uint16_t>(~flow.l4_delta);
}

}  // namespace izar
