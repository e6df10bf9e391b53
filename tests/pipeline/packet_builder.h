// packet_builder.h -- Packets as a test writes them: tcp_syn().from("10.1.0.10", 40000).to("10.99.0.80", 80).mss(1460).
//
// Thread: values only. Checksums come from DPDK's rte_*_cksum, so that they are an oracle for the code under test;
//         the overlay header is written byte by byte from the picture in docs/wire.md, without its C++ struct.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/types.h"
#include "dataplane/wire/headers.h"

namespace izar {

using Bytes = std::vector<std::uint8_t>;

IpAddress ip(std::string_view text);  // aborts if it is none

class PacketBuilder {
  public:
    PacketBuilder(IpProtocol protocol, std::uint8_t tcp_flags) : protocol_(protocol), tcp_flags_(tcp_flags) {}

    // ICMP echo: the port is the identifier; the family of `from` chooses between ICMP and ICMPv6.
    PacketBuilder& from(std::string_view address, std::uint16_t port = 0);
    PacketBuilder& from(const IpAddress& address, std::uint16_t port = 0);
    PacketBuilder& to(std::string_view address, std::uint16_t port = 0);
    PacketBuilder& to(const IpAddress& address, std::uint16_t port = 0);
    PacketBuilder& sequence(std::uint32_t number);
    PacketBuilder& acknowledges(std::uint32_t number);
    PacketBuilder& mss(std::uint16_t bytes, unsigned nops_before = 0);
    PacketBuilder& payload(std::size_t bytes);
    PacketBuilder& with_payload(Bytes bytes);                            // these instead of made-up ones
    PacketBuilder& timestamps(std::uint32_t value, std::uint32_t echo);  // RFC 7323, behind two NOPs; without an MSS
    PacketBuilder& long_in_all(std::size_t bytes);  // payload so that the IP packet has this length
    PacketBuilder& ttl(std::uint8_t hops);
    PacketBuilder& without_checksum();  // UDP over IPv4
    PacketBuilder& fragment();          // the first of several

    Bytes bytes() const;  // from the IP header on

  private:
    Bytes transport() const;
    std::size_t transport_header() const;
    std::uint8_t ip_protocol() const;
    bool ipv4() const { return source_.family() == Family::ipv4; }

    IpProtocol protocol_;
    std::uint8_t tcp_flags_;
    IpAddress source_, destination_;
    std::uint16_t source_port_ = 0, destination_port_ = 0;
    std::uint32_t sequence_ = 1000, acknowledgment_ = 0;
    std::optional<std::uint16_t> mss_;
    unsigned nops_ = 0;
    std::optional<std::pair<std::uint32_t, std::uint32_t>> timestamps_;
    std::size_t payload_ = 0;
    Bytes contents_;  // of the payload; empty: made up
    std::size_t length_ = 0;
    std::uint8_t ttl_ = 64;
    bool checksum_ = true;
    bool fragment_ = false;
};

PacketBuilder tcp(std::uint8_t flags);
PacketBuilder tcp_syn();
PacketBuilder tcp_syn_ack();
PacketBuilder tcp_data(std::size_t payload = 10);
PacketBuilder udp(std::size_t payload = 10);
PacketBuilder echo_request();
PacketBuilder echo_reply();

// A GENEVE packet with izar's option around `inner`.
struct OverlayPacket {
    Bytes inner;
    IpAddress source, destination;  // of the outer IP header
    std::uint16_t source_port = 50000;
    std::uint8_t geneve_flags = 0x40;
    std::uint16_t protocol = 0x0800;
    std::uint32_t service = 1;
    std::uint32_t t_tx = 0, t_echo = 0, t_hold = 0xFFFFFFFF;
    std::uint64_t packet_number = 0;
    std::uint16_t sender = 0, ingress = 0;
    std::uint16_t remaining[2] = {0, 0};
    std::uint8_t key_epoch = 0;
    std::uint8_t flags = 0;

    Bytes bytes() const;  // from the outer IP header on
};

// A keep-alive message without a row: what an OverlayPacket with geneve_flags 0xC0 carries.
Bytes keep_alive(std::uint32_t interval_us, std::uint8_t multiplier, std::uint64_t sent_packets);

// Ethernet in front of an IP packet; the type is that of its version.
Bytes ethernet(const MacAddress& destination, const MacAddress& source, const Bytes& packet);
Bytes arp_request(const MacAddress& sender, std::string_view sender_ip, std::string_view target_ip);
Bytes arp_reply(const MacAddress& destination, const MacAddress& sender, std::string_view sender_ip,
                std::string_view target_ip);
Bytes solicitation(const MacAddress& sender, std::string_view sender_ip, std::string_view target);
Bytes advertisement(const MacAddress& destination, const MacAddress& sender, std::string_view target,
                    std::string_view to);

}  // namespace izar
