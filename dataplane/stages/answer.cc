#include "dataplane/stages/answer.h"

#include <algorithm>
#include <cstring>

#include "dataplane/stages/families.h"
#include "dataplane/stages/route.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

constexpr std::uint8_t kAnswerHopLimit = 64;

// --- RST ---

template <typename Address>
std::uint16_t ip_header_length() noexcept {
    return sizeof(typename FamilyOf<Address>::Header);
}

// The RST that answers `tcp`, which is followed by `payload` bytes.
TcpHeader reset_for(const TcpHeader& tcp, std::size_t payload) noexcept {
    TcpHeader out{};
    out.source_port = tcp.destination_port;
    out.destination_port = tcp.source_port;
    out.data_offset = sizeof(TcpHeader) / 4 << 4;
    out.flags = kTcpRst;
    if ((tcp.flags & kTcpAck) != 0) {
        out.sequence = tcp.acknowledgment;
        return out;
    }
    const std::uint32_t syn_fin = ((tcp.flags & kTcpSyn) != 0 ? 1U : 0U) + ((tcp.flags & kTcpFin) != 0 ? 1U : 0U);
    out.flags |= kTcpAck;
    out.acknowledgment = Be32{static_cast<std::uint32_t>(tcp.sequence.value() + payload + syn_fin)};
    return out;
}

template <typename Header>
void write_answer_ip(Header& ip, std::uint16_t l4_length, IpProtocol protocol) noexcept {
    std::swap(ip.source, ip.destination);
    if constexpr (std::is_same_v<Header, Ipv4Header>) {
        ip.version_ihl = 0x45;
        ip.tos = 0;
        ip.total_length = Be16{static_cast<std::uint16_t>(sizeof(Ipv4Header) + l4_length)};
        ip.identification = Be16{0};
        ip.flags_fragment = Be16{kIpv4DontFragment};
        ip.ttl = kAnswerHopLimit;
        ip.protocol = protocol;
        set_ipv4_checksum(ip);
    } else {
        ip.version_class_label = Be32{6U << 28};
        ip.payload_length = Be16{l4_length};
        ip.next_header = protocol;
        ip.hop_limit = kAnswerHopLimit;
    }
}

std::uint32_t pseudo(const Ipv4Header& ip, IpProtocol, std::uint32_t length) noexcept {
    return pseudo_sum(ip, length);
}
std::uint32_t pseudo(const Ipv6Header& ip, IpProtocol protocol, std::uint32_t length) noexcept {
    return pseudo_sum(ip, protocol, length);
}

template <typename Address>
void turn_into_reset(Burst& burst, unsigned lane) noexcept {
    using Header = typename FamilyOf<Address>::Header;
    auto& ip = header_at<Header>(burst.ip[lane]);
    auto& tcp = header_at<TcpHeader>(burst.l4[lane]);
    const std::size_t payload = burst.ip_length[lane] - sizeof(Header) - tcp.header_length();
    tcp = reset_for(tcp, payload);
    write_answer_ip(ip, sizeof(TcpHeader), IpProtocol::tcp);
    const std::span bytes{reinterpret_cast<const std::uint8_t*>(&tcp), sizeof tcp};
    const std::uint32_t sum = raw_sum(bytes, pseudo(ip, IpProtocol::tcp, sizeof(TcpHeader)));
    tcp.checksum = Be16::from_raw(static_cast<std::uint16_t>(~fold(sum)));
    burst.ip_length[lane] = sizeof(Header) + sizeof(TcpHeader);
    focus(burst.mbuf[lane], 0, burst.ip_length[lane]);
}

void send_reset_to_ingress(Burst& burst, unsigned lane, const LcoreState& lcore, const Published& published) noexcept {
    const LaneNote& note = burst.note[lane];
    const NodeSlot to = published.fleet->slot(note.ingress);
    const PolicyIndex policy = published.services->policy_of(note.service);
    const Path* const path =
        to == kNoSlot ? nullptr : usable_path(published.routes->to(policy, to), lcore.shared.links, burst.hash[lane]);
    if (path == nullptr) {
        burst.verdict[lane] = Verdict::no_path;
        return;
    }
    burst.path[lane] = *path;
    burst.overlay_flags[lane] = kFlagReply;
    burst.ingress[lane] = note.ingress;
    burst.service[lane] = note.service;
    burst.seal.add(lane);
}

// --- too big ---

// Bytes of the packet that an error quotes: as much as leaves the answer at the least MTU a host must accept
// (RFC 1812 section 4.3.2.3: 576 bytes; RFC 4443: 1,280), and never more than the packet has.
template <typename Header>
std::uint16_t quoted(std::uint16_t length) noexcept {
    constexpr std::size_t kAnswerMost = std::is_same_v<Header, Ipv4Header> ? 576 : 1280;
    return static_cast<std::uint16_t>(std::min<std::size_t>(length, kAnswerMost - sizeof(Header) - sizeof(IcmpHeader)));
}

template <typename Address>
void write_too_big(rte_mbuf* m, const Burst& burst, unsigned lane, std::uint16_t mtu) noexcept {
    using Header = typename FamilyOf<Address>::Header;
    constexpr bool kIpv4 = FamilyOf<Address>::kFamily == Family::ipv4;
    const std::uint16_t quote = quoted<Header>(burst.ip_length[lane]);
    const auto icmp_length = static_cast<std::uint16_t>(sizeof(IcmpHeader) + quote);
    m->data_len = static_cast<std::uint16_t>(sizeof(Header) + icmp_length);
    m->pkt_len = m->data_len;
    auto* const at = rte_pktmbuf_mtod(m, std::uint8_t*);
    auto& ip = header_at<Header>(at);
    ip = header_at<Header>(burst.ip[lane]);
    write_answer_ip(ip, icmp_length, kIpv4 ? IpProtocol::icmp : IpProtocol::icmpv6);
    auto& icmp = header_at<IcmpHeader>(at + sizeof(Header));
    icmp = IcmpHeader{};
    icmp.type = kIpv4 ? kIcmpUnreachable : kIcmpv6PacketTooBig;
    icmp.code = kIpv4 ? kIcmpFragmentationNeeded : std::uint8_t{0};
    icmp.sequence = Be16{mtu};  // both put the MTU into the last two bytes of the header
    std::memcpy(at + sizeof(Header) + sizeof(IcmpHeader), burst.ip[lane], quote);
    const std::uint32_t start = kIpv4 ? 0 : pseudo(ip, IpProtocol::icmpv6, icmp_length);
    const std::uint32_t sum = raw_sum({at + sizeof(Header), icmp_length}, start);
    icmp.checksum = Be16::from_raw(static_cast<std::uint16_t>(~fold(sum)));
}

}  // namespace

void answer_resets(Burst& burst, const LcoreState& lcore, const Published& published) noexcept {
    for (const unsigned lane : burst.reset) {
        by_family(burst.ip[lane], [&](auto address) { turn_into_reset<decltype(address)>(burst, lane); });
        if (burst.note[lane].way == Way::plain) {
            burst.bounce.add(lane);
        } else {
            send_reset_to_ingress(burst, lane, lcore, published);
        }
    }
    burst.reset.clear();
}

void answer_too_big(Burst& burst, unsigned lane, std::uint16_t mtu, LcoreState& lcore, Instant now) noexcept {
    burst.verdict[lane] = Verdict::too_big;
    rte_mbuf* const m = lcore.too_big_budget.take(now) ? rte_pktmbuf_alloc(lcore.shared.pool) : nullptr;
    if (m == nullptr) {
        ++lcore.counters.answers_lost;
        return;
    }
    by_family(burst.ip[lane], [&](auto address) { write_too_big<decltype(address)>(m, burst, lane, mtu); });
    const LaneNote& note = burst.note[lane];
    // The question's Ethernet header still lies in front of its IP header.
    const auto& asked = header_at<EthernetHeader>(burst.ip[lane] - sizeof(EthernetHeader));
    auto& ethernet = header_at<EthernetHeader>(prepend(m, sizeof(EthernetHeader)));
    ethernet = {asked.source, lcore.shared.interfaces.port(note.port).mac, asked.ether_type};
    ++lcore.counters.made;
    lcore.tx.put(note.port, m);
}

}  // namespace izar
