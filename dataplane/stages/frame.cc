#include "dataplane/stages/frame.h"

namespace izar {
namespace {

// Whether `l4` holds a whole header of one of the transports that flows are made of.
bool is_flow_packet(IpProtocol protocol, Family family, const std::uint8_t* l4, std::size_t length) noexcept {
    switch (protocol) {
        case IpProtocol::tcp: {
            const auto& tcp = *reinterpret_cast<const TcpHeader*>(l4);
            return length >= sizeof(TcpHeader) && tcp.header_length() >= sizeof(TcpHeader) &&
                   tcp.header_length() <= length;
        }
        case IpProtocol::udp:
            return length >= sizeof(UdpHeader);
        case IpProtocol::icmp:
            return family == Family::ipv4 && length >= sizeof(IcmpHeader) &&
                   (*l4 == kIcmpEchoRequest || *l4 == kIcmpEchoReply);
        case IpProtocol::icmpv6:
            return family == Family::ipv6 && length >= sizeof(IcmpHeader) &&
                   (*l4 == kIcmpv6EchoRequest || *l4 == kIcmpv6EchoReply);
    }
    return false;
}

bool reject(Burst& burst, unsigned lane, Verdict why) noexcept {
    burst.verdict[lane] = why;
    return false;
}

bool sort_ipv4(Burst& burst, unsigned lane, std::uint8_t* at, std::size_t length) noexcept {
    if (length < sizeof(Ipv4Header)) {
        return reject(burst, lane, Verdict::truncated);
    }
    const auto& ip = header_at<Ipv4Header>(at);
    const std::size_t header = ip.header_length();
    const std::size_t total = ip.total_length.value();
    if (header < sizeof(Ipv4Header) || total < header) {
        return reject(burst, lane, Verdict::malformed);
    }
    if (total > length) {
        return reject(burst, lane, Verdict::truncated);
    }
    focus(burst.mbuf[lane], 0, static_cast<std::uint16_t>(total));
    burst.ip[lane] = at;
    burst.l4[lane] = at + header;
    burst.ip_length[lane] = static_cast<std::uint16_t>(total);
    // IP options are rare and often hostile: such packets take the slow way.
    const bool flow = header == sizeof(Ipv4Header) && !ip.is_fragment() &&
                      is_flow_packet(ip.protocol, Family::ipv4, at + header, total - header);
    (flow ? burst.ipv4 : burst.odd).add(lane);
    return true;
}

bool sort_ipv6(Burst& burst, unsigned lane, std::uint8_t* at, std::size_t length) noexcept {
    if (length < sizeof(Ipv6Header)) {
        return reject(burst, lane, Verdict::truncated);
    }
    const auto& ip = header_at<Ipv6Header>(at);
    const std::size_t payload = ip.payload_length.value();
    if (sizeof(Ipv6Header) + payload > length) {
        return reject(burst, lane, Verdict::truncated);
    }
    focus(burst.mbuf[lane], 0, static_cast<std::uint16_t>(sizeof(Ipv6Header) + payload));
    burst.ip[lane] = at;
    burst.l4[lane] = at + sizeof(Ipv6Header);
    burst.ip_length[lane] = static_cast<std::uint16_t>(sizeof(Ipv6Header) + payload);
    const bool flow = is_flow_packet(ip.next_header, Family::ipv6, at + sizeof(Ipv6Header), payload);
    (flow ? burst.ipv6 : burst.odd).add(lane);
    return true;
}

}  // namespace

bool sort_ip(Burst& burst, unsigned lane) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    auto* const at = rte_pktmbuf_mtod(m, std::uint8_t*);
    const std::size_t length = m->data_len;
    if (length == 0) {
        return reject(burst, lane, Verdict::truncated);
    }
    switch (*at >> 4) {
        case 4:
            return sort_ipv4(burst, lane, at, length);
        case 6:
            return sort_ipv6(burst, lane, at, length);
        default:
            return reject(burst, lane, Verdict::malformed);
    }
}

}  // namespace izar
