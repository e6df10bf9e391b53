#include "tests/pipeline/packet_builder.h"

#include <rte_ip.h>

#include <cstring>

#include "dataplane/base/check.h"

namespace izar {
namespace {

void put16(Bytes& out, std::size_t at, std::uint64_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value);
}
void put32(Bytes& out, std::size_t at, std::uint64_t value) {
    put16(out, at, value >> 16 & 0xFFFF);
    put16(out, at + 2, value & 0xFFFF);
}
void put_address(Bytes& out, std::size_t at, const IpAddress& address) {
    std::memcpy(&out[at], address.bytes().data(), address.family() == Family::ipv4 ? 4 : 16);
}
void append(Bytes& out, const Bytes& more) {
    out.insert(out.end(), more.begin(), more.end());
}

Bytes ip_header(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol, std::uint8_t ttl,
                std::size_t payload) {
    const bool v4 = source.family() == Family::ipv4;
    Bytes out(v4 ? 20 : 40);
    if (v4) {
        out[0] = 0x45;
        put16(out, 2, 20 + payload);
        put16(out, 6, 0x4000);
        out[8] = ttl;
        out[9] = protocol;
        put_address(out, 12, source);
        put_address(out, 16, destination);
    } else {
        out[0] = 0x60;
        put16(out, 4, payload);
        out[6] = protocol;
        out[7] = ttl;
        put_address(out, 8, source);
        put_address(out, 24, destination);
    }
    return out;
}

void set_ip_checksum(Bytes& packet) {
    if (packet[0] >> 4 == 4) {
        const std::uint16_t sum = rte_ipv4_cksum(reinterpret_cast<const rte_ipv4_hdr*>(packet.data()));
        std::memcpy(&packet[10], &sum, sizeof sum);
    }
}

std::size_t checksum_offset(std::uint8_t protocol) {
    return protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
}

// The checksum at its place in `packet` must be 0 on entry.
void set_transport_checksum(Bytes& packet, std::uint8_t protocol) {
    const bool v4 = packet[0] >> 4 == 4;
    const std::size_t at = v4 ? 20 : 40;
    std::uint16_t sum = 0;
    if (protocol == 1) {
        sum = static_cast<std::uint16_t>(~rte_raw_cksum(&packet[at], packet.size() - at));
    } else if (v4) {
        sum = rte_ipv4_udptcp_cksum(reinterpret_cast<const rte_ipv4_hdr*>(packet.data()), &packet[at]);
    } else {
        sum = rte_ipv6_udptcp_cksum(reinterpret_cast<const rte_ipv6_hdr*>(packet.data()), &packet[at]);
    }
    std::memcpy(&packet[at + checksum_offset(protocol)], &sum, sizeof sum);
}

Bytes discovery(std::uint8_t type, const MacAddress& mac, const IpAddress& source, const IpAddress& destination,
                std::string_view target) {
    Bytes packet = ip_header(source, destination, 58, 255, 32);
    Bytes message(32);
    message[0] = type;
    put_address(message, 8, ip(target));
    message[24] = type == kIcmpv6NeighborSolicitation ? kNdSourceLinkLayer : kNdTargetLinkLayer;
    message[25] = 1;
    std::memcpy(&message[26], mac.bytes, 6);
    append(packet, message);
    set_transport_checksum(packet, 58);
    return packet;
}

Bytes arp(std::uint16_t operation, const MacAddress& destination, const MacAddress& sender, std::string_view sender_ip,
          std::string_view target_ip) {
    Bytes out(14 + 28);
    std::memcpy(&out[0], destination.bytes, 6);
    std::memcpy(&out[6], sender.bytes, 6);
    put16(out, 12, 0x0806);
    put16(out, 14, 1);
    put16(out, 16, 0x0800);
    out[18] = 6;
    out[19] = 4;
    put16(out, 20, operation);
    std::memcpy(&out[22], sender.bytes, 6);
    put_address(out, 28, ip(sender_ip));
    put_address(out, 38, ip(target_ip));
    return out;
}

}  // namespace

IpAddress ip(std::string_view text) {
    const auto address = IpAddress::parse(text);
    CHECK(address.has_value());
    return *address;
}

PacketBuilder& PacketBuilder::from(std::string_view address, std::uint16_t port) {
    return from(ip(address), port);
}
PacketBuilder& PacketBuilder::from(const IpAddress& address, std::uint16_t port) {
    source_ = address;
    source_port_ = port;
    return *this;
}
PacketBuilder& PacketBuilder::to(std::string_view address, std::uint16_t port) {
    return to(ip(address), port);
}
PacketBuilder& PacketBuilder::to(const IpAddress& address, std::uint16_t port) {
    destination_ = address;
    destination_port_ = port;
    return *this;
}
PacketBuilder& PacketBuilder::sequence(std::uint32_t number) {
    sequence_ = number;
    return *this;
}
PacketBuilder& PacketBuilder::acknowledges(std::uint32_t number) {
    acknowledgment_ = number;
    return *this;
}
PacketBuilder& PacketBuilder::mss(std::uint16_t bytes, unsigned nops_before) {
    mss_ = bytes;
    nops_ = nops_before;
    return *this;
}
PacketBuilder& PacketBuilder::payload(std::size_t bytes) {
    payload_ = bytes;
    return *this;
}
PacketBuilder& PacketBuilder::with_payload(Bytes bytes) {
    payload_ = bytes.size();
    contents_ = std::move(bytes);
    return *this;
}
PacketBuilder& PacketBuilder::timestamps(std::uint32_t value, std::uint32_t echo) {
    timestamps_ = {value, echo};
    return *this;
}
PacketBuilder& PacketBuilder::long_in_all(std::size_t bytes) {
    length_ = bytes;
    return *this;
}
PacketBuilder& PacketBuilder::ttl(std::uint8_t hops) {
    ttl_ = hops;
    return *this;
}
PacketBuilder& PacketBuilder::without_checksum() {
    checksum_ = false;
    return *this;
}
PacketBuilder& PacketBuilder::fragment() {
    fragment_ = true;
    return *this;
}

std::uint8_t PacketBuilder::ip_protocol() const {
    return raw(protocol_ == IpProtocol::icmp && !ipv4() ? IpProtocol::icmpv6 : protocol_);
}

std::size_t PacketBuilder::transport_header() const {
    if (protocol_ != IpProtocol::tcp) {
        return 8;
    }
    return 20 + (mss_ ? (nops_ + 4 + 3) / 4 * 4 : 0) + (timestamps_ ? 12 : 0);
}

Bytes PacketBuilder::transport() const {
    const std::size_t header = transport_header();
    const std::size_t ip_bytes = ipv4() ? 20 : 40;
    const std::size_t payload = length_ == 0 ? payload_ : length_ - ip_bytes - header;
    Bytes out(header + payload);
    for (std::size_t i = 0; i < payload; ++i) {
        out[header + i] = i < contents_.size() ? contents_[i] : static_cast<std::uint8_t>(i * 7 + 1);
    }
    if (protocol_ == IpProtocol::icmp) {
        const bool asks = tcp_flags_ != 0;
        out[0] = ipv4() ? (asks ? 8 : 0) : (asks ? 128 : 129);
        put16(out, 4, asks ? source_port_ : destination_port_);
        put16(out, 6, 1);
        return out;
    }
    put16(out, 0, source_port_);
    put16(out, 2, destination_port_);
    if (protocol_ == IpProtocol::udp) {
        put16(out, 4, out.size());
        return out;
    }
    put32(out, 4, sequence_);
    put32(out, 8, acknowledgment_);
    out[12] = static_cast<std::uint8_t>(header / 4 << 4);
    out[13] = tcp_flags_;
    put16(out, 14, 0xFFFF);
    if (mss_) {
        std::memset(&out[20], 1, nops_);
        out[20 + nops_] = 2;
        out[21 + nops_] = 4;
        put16(out, 22 + nops_, *mss_);
    }
    if (timestamps_) {
        const std::size_t at = header - 12;
        const std::uint8_t head[] = {1, 1, 8, 10};
        std::memcpy(&out[at], head, sizeof head);
        put32(out, at + 4, timestamps_->first);
        put32(out, at + 8, timestamps_->second);
    }
    return out;
}

Bytes PacketBuilder::bytes() const {
    CHECK(source_.family() == destination_.family());
    const Bytes segment = transport();
    Bytes out = ip_header(source_, destination_, ip_protocol(), ttl_, segment.size());
    append(out, segment);
    if (checksum_) {
        set_transport_checksum(out, ip_protocol());
    }
    if (fragment_) {
        CHECK(ipv4());
        put16(out, 6, 0x2000);
    }
    set_ip_checksum(out);
    return out;
}

PacketBuilder tcp(std::uint8_t flags) {
    return {IpProtocol::tcp, flags};
}
PacketBuilder tcp_syn() {
    return tcp(kTcpSyn);
}
PacketBuilder tcp_syn_ack() {
    return tcp(kTcpSyn | kTcpAck);
}
PacketBuilder tcp_data(std::size_t payload) {
    return tcp(kTcpAck).payload(payload);
}
PacketBuilder udp(std::size_t payload) {
    return PacketBuilder{IpProtocol::udp, 0}.payload(payload);
}
PacketBuilder echo_request() {
    return PacketBuilder{IpProtocol::icmp, 1}.payload(32);
}
PacketBuilder echo_reply() {
    return PacketBuilder{IpProtocol::icmp, 0}.payload(32);
}

Bytes OverlayPacket::bytes() const {
    Bytes out = ip_header(source, destination, 17, 64, 8 + 44 + inner.size());
    Bytes rest(8 + 44);
    put16(rest, 0, source_port);
    put16(rest, 2, 6081);
    put16(rest, 4, rest.size() + inner.size());
    rest[8] = 9;  // option length in words
    rest[9] = geneve_flags;
    put16(rest, 10, protocol);
    put32(rest, 12, std::uint64_t{service} << 8);
    put16(rest, 16, 0xFF1A);
    rest[18] = 0x81;
    rest[19] = 8;
    put32(rest, 20, t_tx);
    put32(rest, 24, t_echo);
    put32(rest, 28, t_hold);
    put32(rest, 32, packet_number >> 32);
    put32(rest, 36, packet_number & 0xFFFFFFFF);
    put16(rest, 40, sender);
    put16(rest, 42, ingress);
    put16(rest, 44, remaining[0]);
    put16(rest, 46, remaining[1]);
    rest[48] = key_epoch;
    rest[49] = flags;
    append(out, rest);
    append(out, inner);
    set_ip_checksum(out);
    return out;
}

Bytes keep_alive(std::uint32_t interval_us, std::uint8_t multiplier, std::uint64_t sent_packets) {
    Bytes out(24);
    out[0] = 1;
    out[1] = 1;
    put16(out, 2, out.size());
    put32(out, 4, interval_us);
    out[8] = multiplier;
    put32(out, 12, sent_packets >> 32);
    put32(out, 16, sent_packets & 0xFFFFFFFF);
    return out;
}

Bytes ethernet(const MacAddress& destination, const MacAddress& source, const Bytes& packet) {
    Bytes out(14 + packet.size());
    std::memcpy(&out[0], destination.bytes, 6);
    std::memcpy(&out[6], source.bytes, 6);
    put16(out, 12, packet.empty() || packet[0] >> 4 == 4 ? 0x0800 : 0x86DD);
    std::copy(packet.begin(), packet.end(), out.begin() + 14);
    return out;
}

Bytes arp_request(const MacAddress& sender, std::string_view sender_ip, std::string_view target_ip) {
    return arp(kArpRequest, MacAddress{{255, 255, 255, 255, 255, 255}}, sender, sender_ip, target_ip);
}
Bytes arp_reply(const MacAddress& destination, const MacAddress& sender, std::string_view sender_ip,
                std::string_view target_ip) {
    return arp(kArpReply, destination, sender, sender_ip, target_ip);
}

Bytes solicitation(const MacAddress& sender, std::string_view sender_ip, std::string_view target) {
    const Bytes packet = discovery(kIcmpv6NeighborSolicitation, sender, ip(sender_ip), ip(target), target);
    return ethernet(MacAddress{{0x33, 0x33, 0xFF, 0, 0, 1}}, sender, packet);
}
Bytes advertisement(const MacAddress& destination, const MacAddress& sender, std::string_view target,
                    std::string_view to) {
    return ethernet(destination, sender, discovery(kIcmpv6NeighborAdvertisement, sender, ip(target), ip(to), target));
}

}  // namespace izar
