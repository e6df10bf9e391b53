#include "tests/pipeline/seen_packet.h"

#include <fmt/format.h>
#include <rte_ip.h>

#include <cstring>
#include <span>

#include "dataplane/base/check.h"

namespace izar {
namespace {

using View = std::span<const std::uint8_t>;

std::uint16_t get16(View in, std::size_t at) {
    CHECK(at + 2 <= in.size());
    return static_cast<std::uint16_t>(in[at] << 8 | in[at + 1]);
}
std::uint32_t get32(View in, std::size_t at) {
    return std::uint32_t{get16(in, at)} << 16 | get16(in, at + 2);
}
IpAddress get_address(View in, std::size_t at, bool v4) {
    CHECK(at + (v4 ? 4 : 16) <= in.size());
    if (v4) {
        Ipv4Address address;
        std::memcpy(&address, &in[at], sizeof address);
        return address;
    }
    Ipv6Address address;
    std::memcpy(&address, &in[at], sizeof address);
    return address;
}

bool ip_sum_right(View packet) {
    if (packet[0] >> 4 != 4) {
        return true;
    }
    return rte_raw_cksum(packet.data(), 20) == 0xFFFF;
}

bool transport_sum_right(View packet, std::uint8_t protocol) {
    const bool v4 = packet[0] >> 4 == 4;
    const View segment = packet.subspan(v4 ? 20 : 40);
    if (protocol == 1) {
        return rte_raw_cksum(segment.data(), segment.size()) == 0xFFFF;
    }
    if (protocol == 17 && v4 && get16(segment, 6) == 0) {
        return true;
    }
    if (protocol == 17 && get16(segment, 6) == 0) {
        return false;  // RFC 8200 section 8.1
    }
    // Right is what DPDK computes over a copy whose checksum field is 0; 0 and FFFF are the same number.
    Bytes copy(segment.begin(), segment.end());
    const std::size_t at = protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
    std::uint16_t stands = 0;
    std::memcpy(&stands, &copy[at], sizeof stands);
    std::memset(&copy[at], 0, sizeof stands);
    const std::uint16_t right =
        v4 ? rte_ipv4_udptcp_cksum(reinterpret_cast<const rte_ipv4_hdr*>(packet.data()), copy.data())
           : rte_ipv6_udptcp_cksum(reinterpret_cast<const rte_ipv6_hdr*>(packet.data()), copy.data());
    return stands == right || (right % 0xFFFF == 0 && stands % 0xFFFF == 0);
}

std::optional<std::uint16_t> mss_among(View options) {
    for (std::size_t at = 0; at < options.size() && options[at] != 0;) {
        if (options[at] == 1) {
            ++at;
            continue;
        }
        if (options[at] == 2) {
            return get16(options, at + 2);
        }
        at += options[at + 1];
    }
    return std::nullopt;
}

void read_transport(SeenPacket& out, View segment) {
    std::size_t header = 8;
    if (out.protocol == 6) {
        header = std::size_t{segment[12]} >> 4 << 2;
        out.tcp_flags = segment[13];
        out.sequence = get32(segment, 4);
        out.acknowledgment = get32(segment, 8);
        out.mss = mss_among(segment.subspan(20, header - 20));
    }
    if (out.protocol == 6 || out.protocol == 17) {
        out.source_port = get16(segment, 0);
        out.destination_port = get16(segment, 2);
    } else {
        out.icmp_type = segment[0];
        out.icmp_code = segment[1];
        out.source_port = out.destination_port = get16(segment, 4);
        out.icmp_mtu = get16(segment, 6);
    }
    out.payload.assign(segment.begin() + static_cast<std::ptrdiff_t>(header), segment.end());
}

void read_ip(SeenPacket& out, View packet) {
    const bool v4 = packet[0] >> 4 == 4;
    const std::size_t length = v4 ? get16(packet, 2) : 40U + get16(packet, 4);
    CHECK(length <= packet.size());
    packet = packet.first(length);
    out.packet.assign(packet.begin(), packet.end());
    out.source = get_address(packet, v4 ? 12 : 8, v4);
    out.destination = get_address(packet, v4 ? 16 : 24, v4);
    out.protocol = packet[v4 ? 9 : 6];
    out.ttl = packet[v4 ? 8 : 7];
    out.checksums_right = out.checksums_right && ip_sum_right(packet);
    const bool fragment = v4 && (get16(packet, 6) & 0x3FFF) != 0;
    const bool known = out.protocol == 6 || out.protocol == 17 || out.protocol == 1 || out.protocol == 58;
    if (known && !fragment) {
        out.checksums_right = out.checksums_right && transport_sum_right(packet, out.protocol);
        read_transport(out, packet.subspan(v4 ? 20 : 40));
    }
}

SeenOverlay read_overlay(const SeenPacket& outer) {
    const View udp = View(outer.packet).subspan(outer.source.family() == Family::ipv4 ? 20 : 40);
    const View header = udp.subspan(8, 44);
    SeenOverlay out;
    out.source = outer.source;
    out.destination = outer.destination;
    out.source_port = get16(udp, 0);
    out.udp_checksum = get16(udp, 6);
    out.dont_fragment = outer.source.family() == Family::ipv6 || (outer.packet[6] & 0x40) != 0;
    out.header.assign(header.begin(), header.end());
    out.geneve_flags = header[1];
    out.protocol = get16(header, 2);
    out.service = get32(header, 4) >> 8;
    out.t_tx = get32(header, 12);
    out.t_echo = get32(header, 16);
    out.t_hold = get32(header, 20);
    out.packet_number = std::uint64_t{get32(header, 24)} << 32 | get32(header, 28);
    out.sender = get16(header, 32);
    out.ingress = get16(header, 34);
    out.remaining[0] = get16(header, 36);
    out.remaining[1] = get16(header, 38);
    out.key_epoch = header[40];
    out.flags = header[41];
    return out;
}

std::string flags_text(std::uint8_t flags) {
    std::string out;
    const char* const letters = "FSRPA";
    for (unsigned bit = 0; bit < 5; ++bit) {
        if ((flags >> bit & 1) != 0) {
            out += letters[bit];
        }
    }
    return out;
}

std::string arp_text(View arp) {
    const std::string sender = get_address(arp, 14, true).text();
    const std::string target = get_address(arp, 24, true).text();
    if (get16(arp, 6) == kArpRequest) {
        return fmt::format("arp who-has {} tell {}", target, sender);
    }
    return fmt::format("arp {} is at {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", sender, arp[8], arp[9], arp[10],
                       arp[11], arp[12], arp[13]);
}

std::string ip_text(const SeenPacket& p) {
    const std::string from = p.source.text();
    const std::string to = p.destination.text();
    switch (p.protocol) {
        case 6:
            return fmt::format("tcp {}:{} > {}:{} {}", from, p.source_port, to, p.destination_port,
                               flags_text(p.tcp_flags));
        case 17:
            return fmt::format("udp {}:{} > {}:{}", from, p.source_port, to, p.destination_port);
        case 1:
        case 58:
            break;
        default:
            return fmt::format("ip {} > {} protocol {}", from, to, p.protocol);
    }
    const View message = View(p.packet).subspan(p.protocol == 1 ? 20 : 40);
    if (p.icmp_type == kIcmpv6NeighborSolicitation && p.protocol == 58) {
        return fmt::format("solicit {} from {}", get_address(message, 8, false).text(), from);
    }
    if (p.icmp_type == kIcmpv6NeighborAdvertisement && p.protocol == 58) {
        return fmt::format("advert {} to {}", get_address(message, 8, false).text(), to);
    }
    if ((p.icmp_type == 3 && p.protocol == 1) || (p.icmp_type == 2 && p.protocol == 58)) {
        return fmt::format("too-big {} > {} mtu {}", from, to, p.icmp_mtu);
    }
    const bool asks = p.icmp_type == 8 || p.icmp_type == 128;
    return fmt::format("echo {} {} > {} id {}", asks ? "request" : "reply", from, to, p.source_port);
}

}  // namespace

SeenPacket see(const Bytes& frame) {
    CHECK(frame.size() >= 14);
    SeenPacket out;
    out.frame = frame;
    std::memcpy(out.to_mac.bytes, &frame[0], 6);
    std::memcpy(out.from_mac.bytes, &frame[6], 6);
    const std::uint16_t type = get16(frame, 12);
    if (type != 0x0800 && type != 0x86DD) {
        return out;
    }
    read_ip(out, View(frame).subspan(14));
    if (out.protocol != 17 || out.destination_port != 6081) {
        return out;
    }
    out.checksums_right = ip_sum_right(View(frame).subspan(14));  // the outer UDP checksum is 0 on purpose
    const SeenOverlay overlay = read_overlay(out);
    out.overlay = overlay;
    const std::size_t inner = (overlay.source.family() == Family::ipv4 ? 20U : 40U) + 8 + 44;
    const Bytes rest(out.packet.begin() + static_cast<std::ptrdiff_t>(inner), out.packet.end());
    if (overlay.control() || overlay.sealed()) {
        out.packet = rest;
    } else {
        read_ip(out, rest);
    }
    return out;
}

std::string SeenPacket::text() const {
    const std::uint16_t type = get16(frame, 12);
    if (type == 0x0806) {
        return arp_text(View(frame).subspan(14));
    }
    if (type != 0x0800 && type != 0x86DD) {
        return fmt::format("frame of type {:04x}", type);
    }
    if (!overlay) {
        return ip_text(*this);
    }
    const int to = overlay->destination.bytes()[overlay->source.family() == Family::ipv4 ? 3 : 15];
    if (overlay->control()) {
        return fmt::format("control {}>{}", overlay->sender, to);
    }
    std::string via;
    for (const std::uint16_t segment : overlay->remaining) {
        via += segment == 0 ? "" : fmt::format("{} {}", via.empty() ? " via" : "", segment);
    }
    const std::string inner = overlay->sealed() ? "sealed" : ip_text(*this);
    return fmt::format("{}>{}{} service {}: {}", overlay->sender, to, via, overlay->service, inner);
}

}  // namespace izar
