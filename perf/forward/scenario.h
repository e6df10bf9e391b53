// scenario.h -- What one measurement of the rig is: the role, the traffic, and the addresses of all who take part.
//
// Thread: values only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/wire/headers.h"

namespace izar {

// What the node under test does with the packets.
enum class Role : std::uint8_t {
    ingress,  // client's frame in by the LAN, overlay packet out by the WAN
    relay,    // overlay packet in and out by the WAN
    egress,   // overlay packet in by the WAN, translated frame to the origin out by the LAN
    direct,   // ingress and egress at once: client's frame in, translated frame to the origin out, both by the LAN
};

inline constexpr PortIndex kWanPort{0};
inline constexpr PortIndex kLanPort{1};

std::string_view role_name(Role role) noexcept;
Result<Role> role_of(std::string_view name);

// What is wrong with the packets that the node gets from west; for links with security only.
enum class Forgery : std::uint8_t {
    none,
    tag,     // sealed by nobody
    replay,  // sealed by west, and accepted before
    epoch,   // under a key that there is not
    peer,    // from a node that nobody knows
};
Result<Forgery> forgery_of(std::string_view name);

constexpr bool gets_overlay(Role role) noexcept {
    return role == Role::relay || role == Role::egress;
}
constexpr bool translates(Role role) noexcept {
    return role == Role::egress || role == Role::direct;
}
// The ports that a role's packets enter and leave by.
constexpr PortIndex port_in(Role role) noexcept {
    return gets_overlay(role) ? kWanPort : kLanPort;
}
constexpr PortIndex port_out(Role role) noexcept {
    return translates(role) ? kLanPort : kWanPort;
}

// What the node's ports are made of.
enum class PortKind : std::uint8_t {
    ring,   // net_ring: buffers change hands, generator on another core
    memif,  // net_memif: frames are copied into shared memory and out of it
    pcap,   // net_pcap plays one packet of each flow again and again on the node's own core; net_null takes what comes
            // out
};
Result<PortKind> port_kind_of(std::string_view name);  // by the driver's name

inline constexpr unsigned kMostLinks = 64;
inline constexpr unsigned kMostReplayed = 4'000;  // flows of net_pcap: their packets fill packet buffers for good

// Frames of net_ring's queues. What the generator has in flight always fits the sending one, so that no frame is lost
// for want of room on the generator's side.
inline constexpr std::uint16_t kReceiveRing = 512;
inline constexpr std::uint16_t kSendRing = 4'096;

struct Scenario {
    Role role = Role::relay;
    PortKind ports = PortKind::ring;
    // Links that packets come over, and as many that a relay's leave by: flow n takes number n modulo that.
    std::uint16_t links = 1;
    std::uint8_t lcores = 1;                    // with a queue each
    std::uint16_t receive_ring = kReceiveRing;  // frames that a queue of net_ring holds
    bool sealed = false;                        // security is aes-gcm
    Forgery forgery = Forgery::none;
    std::uint32_t flows = 1'000;
    // Ethernet header and IP packet of the client, without FCS. In the overlay the same IP packet travels.
    std::uint16_t frame_bytes = 64;
    bool imix = false;                      // frames of kImixFrames in the order of kImixOrder instead
    bool naps = false;                      // the lcore sleeps when it is idle; else it spins
    IpProtocol protocol = IpProtocol::udp;  // or tcp: then a flow begins with a SYN
    bool timestamps = false;                // every TCP segment carries the option of RFC 7323
    // The service sends each packet over two paths: an ingress makes the second copy, an egress drops it.
    bool duplicate = false;
};

// How often a client's packet reaches the node.
constexpr unsigned copies_in(const Scenario& scenario) noexcept {
    return scenario.duplicate && gets_overlay(scenario.role) ? 2 : 1;
}

inline constexpr std::uint16_t kLeastFrame = 64;
inline constexpr std::uint16_t kLeastTcpFrame = 80;  // holds a header with timestamps, and some data
inline constexpr std::uint16_t kMostFrame = 1514;

// IP packets of 50 (40, padded), 576 and 1,500 bytes as 7 : 4 : 1, the usual simple Internet mix; 360 bytes a frame on
// average.
inline constexpr std::array<std::uint16_t, 3> kImixFrames = {kLeastFrame, 590, kMostFrame};
inline constexpr std::array<std::uint8_t, 12> kImixOrder = {0, 1, 0, 0, 1, 0, 2, 0, 1, 0, 0, 1};

// The fleet: the node under test and two peers a link, west (before it) and east (behind it), all on one WAN.
inline constexpr NodeId kOwnId{1};
inline constexpr NodeId kWestId{2};
inline constexpr NodeId kEastId{3};
inline constexpr NodeSlot kOwnSlot{0};
inline constexpr NodeSlot kWestSlot{1};
inline constexpr NodeSlot kEastSlot{2};
// The peers of link `n`; those of link 0 are the above.
constexpr NodeSlot west_slot(unsigned n) noexcept {
    return static_cast<NodeSlot>(1 + 2 * n);
}
constexpr NodeSlot east_slot(unsigned n) noexcept {
    return static_cast<NodeSlot>(2 + 2 * n);
}
constexpr NodeId id_of(NodeSlot slot) noexcept {
    return static_cast<NodeId>(raw(slot) + 1);
}
static_assert(west_slot(0) == kWestSlot && east_slot(0) == kEastSlot);
static_assert(id_of(kOwnSlot) == kOwnId && id_of(kWestSlot) == kWestId && id_of(kEastSlot) == kEastId);

inline constexpr std::uint16_t kWanMtu = 1'800;  // so that a client's full frame fits with the overlay header
inline constexpr std::uint16_t kLanMtu = 1'500;

inline constexpr ServiceId kService{7};
inline constexpr std::uint16_t kServicePort = 443;
inline constexpr std::uint16_t kOriginPort = 8443;

// Enough for 1 M sessions: 16 origins of 16 NAT addresses with 64,512 ports each would carry 16 M.
inline constexpr unsigned kOrigins = 16;
inline constexpr unsigned kNatAddresses = 16;

Ipv4Address wan_address(NodeSlot node) noexcept;  // 198.51.100.1 and on
Ipv4Address lan_address(unsigned host) noexcept;  // 192.168.0.host
inline constexpr unsigned kGatewayHost = 254;     // towards the clients
inline constexpr unsigned kFirstOriginHost = 100;
inline constexpr unsigned kFirstNatHost = 1;  // the node's own addresses on the LAN
Ipv4Address service_vip() noexcept;           // 203.0.113.1
MacAddress mac_of(unsigned number) noexcept;  // locally administered

// The client end of flow `n`: 16 flows a client, and ports over a wide range.
struct ClientEnd {
    std::uint32_t address;  // host order
    std::uint16_t port;
};
inline constexpr std::uint32_t kFirstClient = 0x64400000;  // 100.64.0.0
inline constexpr unsigned kFlowBits = 4;
constexpr ClientEnd client_of(std::uint32_t n) noexcept {
    return {kFirstClient + (n >> kFlowBits), static_cast<std::uint16_t>(1024 + ((n * 0x9E37U) & 0x7FFF))};
}
// And back: the flow of a client end, or kNoFlow.
inline constexpr std::uint32_t kNoFlow = 0xFFFF'FFFF;
constexpr std::uint32_t flow_from(const ClientEnd& end) noexcept {
    for (std::uint32_t n = 0; n < 1U << kFlowBits; ++n) {
        const std::uint32_t flow = ((end.address - kFirstClient) << kFlowBits) + n;
        if (client_of(flow).port == end.port) {
            return flow;
        }
    }
    return kNoFlow;
}
static_assert(flow_from(client_of(999'983)) == 999'983 && flow_from({client_of(16).address, 1}) == kNoFlow);

}  // namespace izar
