// seen_packet.h -- SeenPacket: a frame that a node sent, decoded and checked independently of the code under test.
//
// Thread: values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/pipeline/packet_builder.h"

namespace izar {

// The overlay's outer headers, read from the offsets that docs/wire.md draws.
struct SeenOverlay {
    IpAddress source, destination;
    std::uint16_t source_port = 0;
    std::uint16_t udp_checksum = 0;
    bool dont_fragment = false;
    Bytes header;  // the 44 bytes of GENEVE header and option
    std::uint8_t geneve_flags = 0;
    std::uint16_t protocol = 0;
    std::uint32_t service = 0;
    std::uint32_t t_tx = 0, t_echo = 0, t_hold = 0;
    std::uint64_t packet_number = 0;
    std::uint16_t sender = 0, ingress = 0;
    std::uint16_t remaining[2] = {0, 0};
    std::uint8_t key_epoch = 0;
    std::uint8_t flags = 0;
    bool control() const { return (geneve_flags & 0x80) != 0; }
    bool sealed() const { return protocol == 0x88B5 && !control(); }
};

struct SeenPacket {
    Bytes frame;
    MacAddress to_mac{}, from_mac{};
    std::optional<SeenOverlay> overlay;  // the fields below are then the inner packet's
    Bytes packet;                        // from the (inner) IP header on, or what is sealed, or the control message
    IpAddress source, destination;
    std::uint8_t protocol = 0;
    std::uint8_t ttl = 0;
    std::uint16_t source_port = 0, destination_port = 0;  // ICMP echo: both are the identifier
    std::uint8_t tcp_flags = 0;
    std::uint32_t sequence = 0, acknowledgment = 0;
    std::optional<std::uint16_t> mss;
    std::uint8_t icmp_type = 0, icmp_code = 0;
    std::uint16_t icmp_mtu = 0;   // of an error; else the echo's sequence
    Bytes payload;                // behind the transport header
    bool checksums_right = true;  // of every IP and transport header; a UDP checksum of 0 over IPv4 is right

    // One line: "tcp 10.1.0.10:40000 > 10.99.0.80:80 S", in an overlay "1>2 via 3 service 1: tcp ...",
    // "1>2 service 1: sealed", "arp who-has 10.1.0.10 tell 10.1.0.1", "control 1>2".
    std::string text() const;
};

SeenPacket see(const Bytes& frame);

}  // namespace izar
