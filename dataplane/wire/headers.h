// headers.h -- Ethernet, ARP, IP, UDP, TCP and ICMP headers as they lie in a packet.
//
// Every struct has alignment 1 and no padding, so a header can be read in place at any offset. No DPDK
// header is needed. Sources: RFC 791, 8200, 768, 9293, 792, 4443, 826, 4861.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/ip_address.h"

namespace izar {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86DD;

struct EthernetHeader {
    MacAddress destination;
    MacAddress source;
    Be16 ether_type;
};
static_assert(sizeof(EthernetHeader) == 14);

// RFC 826, for IPv4 over Ethernet only.
struct ArpPacket {
    Be16 hardware_type;            // 1
    Be16 protocol_type;            // kEtherTypeIpv4
    std::uint8_t hardware_length;  // 6
    std::uint8_t protocol_length;  // 4
    Be16 operation;                // kArpRequest or kArpReply
    MacAddress sender_mac;
    Ipv4Address sender_ip;
    MacAddress target_mac;
    Ipv4Address target_ip;
};
static_assert(sizeof(ArpPacket) == 28);
inline constexpr std::uint16_t kArpRequest = 1;
inline constexpr std::uint16_t kArpReply = 2;

// IP protocol numbers, and the transports of a service.
enum class IpProtocol : std::uint8_t { icmp = 1, tcp = 6, udp = 17, icmpv6 = 58 };

struct Ipv4Header {
    std::uint8_t version_ihl;
    std::uint8_t tos;
    Be16 total_length;
    Be16 identification;
    Be16 flags_fragment;  // 3 bits of flags, 13 bits of offset in 8-byte units
    std::uint8_t ttl;
    IpProtocol protocol;
    Be16 checksum;
    Ipv4Address source;
    Ipv4Address destination;

    std::uint8_t header_length() const noexcept { return static_cast<std::uint8_t>((version_ihl & 0x0F) * 4); }
    bool dont_fragment() const noexcept { return (flags_fragment.value() & 0x4000) != 0; }
    bool is_fragment() const noexcept { return (flags_fragment.value() & 0x3FFF) != 0; }
};
static_assert(sizeof(Ipv4Header) == 20);
inline constexpr std::uint16_t kIpv4DontFragment = 0x4000;

struct Ipv6Header {
    Be32 version_class_label;
    Be16 payload_length;
    IpProtocol next_header;
    std::uint8_t hop_limit;
    Ipv6Address source;
    Ipv6Address destination;
};
static_assert(sizeof(Ipv6Header) == 40);

struct UdpHeader {
    Be16 source_port;
    Be16 destination_port;
    Be16 length;
    Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8);

struct TcpHeader {
    Be16 source_port;
    Be16 destination_port;
    Be32 sequence;
    Be32 acknowledgment;
    std::uint8_t data_offset;  // upper 4 bits, in 4-byte units
    std::uint8_t flags;
    Be16 window;
    Be16 checksum;
    Be16 urgent;

    std::uint8_t header_length() const noexcept { return static_cast<std::uint8_t>((data_offset >> 4) * 4); }
};
static_assert(sizeof(TcpHeader) == 20);
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::uint8_t kTcpOptionEnd = 0;
inline constexpr std::uint8_t kTcpOptionNop = 1;
inline constexpr std::uint8_t kTcpOptionMss = 2;  // RFC 9293 section 3.7.1

// Timestamps as RFC 7323 appendix A lays them out, behind the 20 bytes of a segment that is no SYN.
struct TcpTimestamps {
    std::array<std::uint8_t, 4> head;  // kTcpTimestampsHead
    Be32 value;
    Be32 echo;
};
static_assert(sizeof(TcpTimestamps) == 12 && alignof(TcpTimestamps) == 1);
inline constexpr std::array<std::uint8_t, 4> kTcpTimestampsHead = {kTcpOptionNop, kTcpOptionNop, 8, 10};

// Echo messages carry identifier and sequence; error messages use the same 4 bytes otherwise.
struct IcmpHeader {
    std::uint8_t type;
    std::uint8_t code;
    Be16 checksum;
    Be16 identifier;
    Be16 sequence;
};
static_assert(sizeof(IcmpHeader) == 8);
inline constexpr std::uint8_t kIcmpEchoReply = 0;
inline constexpr std::uint8_t kIcmpUnreachable = 3;
inline constexpr std::uint8_t kIcmpFragmentationNeeded = 4;  // code of kIcmpUnreachable, RFC 1191
inline constexpr std::uint8_t kIcmpEchoRequest = 8;
inline constexpr std::uint8_t kIcmpv6PacketTooBig = 2;
inline constexpr std::uint8_t kIcmpv6EchoRequest = 128;
inline constexpr std::uint8_t kIcmpv6EchoReply = 129;
inline constexpr std::uint8_t kIcmpv6NeighborSolicitation = 135;
inline constexpr std::uint8_t kIcmpv6NeighborAdvertisement = 136;

// RFC 4861 sections 4.3 and 4.4: solicitation and advertisement share this layout.
struct NeighborDiscovery {
    std::uint8_t type;
    std::uint8_t code;
    Be16 checksum;
    Be32 flags;
    Ipv6Address target;
};
static_assert(sizeof(NeighborDiscovery) == 24);

// RFC 4861 section 4.6.1: source or target link-layer address, length in units of 8 bytes.
struct LinkLayerOption {
    std::uint8_t type;
    std::uint8_t length;
    MacAddress mac;
};
static_assert(sizeof(LinkLayerOption) == 8);
inline constexpr std::uint8_t kNdSourceLinkLayer = 1;
inline constexpr std::uint8_t kNdTargetLinkLayer = 2;

// RFC 8926 section 3.4.
struct GeneveHeader {
    std::uint8_t version_option_length;  // 2 bits version 0, 6 bits option length in 4-byte units
    std::uint8_t flags;                  // kGeneveControl, kGeneveCritical
    Be16 protocol;
    Be32 vni_reserved;  // 24 bits VNI, 8 bits reserved
};
static_assert(sizeof(GeneveHeader) == 8);
inline constexpr std::uint8_t kGeneveControl = 0x80;
inline constexpr std::uint8_t kGeneveCritical = 0x40;
inline constexpr std::uint16_t kEtherTypeSealed = 0x88B5;  // payload is not a plain IP packet

}  // namespace izar
