#include "dataplane/io/resolve.h"

#include <cstring>

#include "dataplane/stages/frame.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

constexpr std::uint32_t kMostUnanswered = 5;
constexpr std::uint32_t kAdvertSolicitedOverride = 0x60000000;  // RFC 4861 section 4.4: S and O bits
constexpr MacAddress kBroadcast{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};
constexpr std::size_t kDiscoveryLength = sizeof(NeighborDiscovery) + sizeof(LinkLayerOption);

// Addresses that this node answers for on a port: the port's own, and VIPs where clients may be.
bool answers_for(const IpAddress& address, PortIndex port, const Interfaces& interfaces,
                 const ServiceTable& services) noexcept {
    for (const auto& own : interfaces.port(port).addresses) {
        if (own.address == address) {
            return true;
        }
    }
    return port != interfaces.overlay_port() && services.is_vip(address);
}

// Who asks for our address will be answered soon and gets an entry, if it is on the port's link as it says.
void learn(PortIndex port, const IpAddress& address, const MacAddress& mac, bool asks_us, const Shared& shared,
           Instant now) noexcept {
    if (address.is_unspecified()) {  // somebody who asks whether an address is taken: RFC 5227, RFC 4862 section 5.4
        return;
    }
    const auto hop = asks_us ? shared.interfaces.next_hop(address) : std::nullopt;
    const bool attached = hop && hop->port == port && hop->address == address;
    const NeighborIndex index =
        attached ? shared.neighbors.insert_stranger(port, address) : shared.neighbors.find(port, address);
    if (index != kNoNeighbor && (mac.bytes[0] & 1) == 0) {
        shared.neighbors.learn(index, mac, now);
    }
}

// A message that is not a question to us: the kernel may wait for it too.
void read_only(Burst& burst, unsigned lane, const Shared& shared) noexcept {
    if (shared.ports[raw(burst.note[lane].port)].exception == kNoPort) {
        burst.verdict[lane] = Verdict::neighbor_news;
    } else {
        burst.exception.add(lane);
    }
}

void answer_arp(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published, Instant now) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    if (m->data_len < sizeof(EthernetHeader) + sizeof(ArpPacket)) {
        burst.verdict[lane] = Verdict::truncated;
        return;
    }
    auto& arp = header_at<ArpPacket>(rte_pktmbuf_mtod(m, std::uint8_t*) + sizeof(EthernetHeader));
    if (arp.hardware_type.value() != 1 || arp.protocol_type.value() != kEtherTypeIpv4 || arp.hardware_length != 6 ||
        arp.protocol_length != 4) {
        burst.verdict[lane] = Verdict::malformed;
        return;
    }
    const PortIndex port = burst.note[lane].port;
    const bool asks_us = arp.operation.value() == kArpRequest &&
                         answers_for(IpAddress{arp.target_ip}, port, lcore.shared.interfaces, *published.services);
    learn(port, IpAddress{arp.sender_ip}, arp.sender_mac, asks_us, lcore.shared, now);
    if (!asks_us) {
        read_only(burst, lane, lcore.shared);
        return;
    }
    std::swap(arp.sender_ip, arp.target_ip);
    arp.target_mac = arp.sender_mac;
    arp.sender_mac = lcore.shared.interfaces.port(port).mac;
    arp.operation = Be16{kArpReply};
    burst.bounce.add(lane);
}

// The link-layer address option of an ND message, or nullptr.
const MacAddress* link_layer_address(const std::uint8_t* options, std::size_t length, std::uint8_t type) noexcept {
    std::size_t at = 0;
    while (at + sizeof(LinkLayerOption) <= length && options[at + 1] != 0) {
        if (options[at] == type) {
            return &reinterpret_cast<const LinkLayerOption*>(options + at)->mac;
        }
        at += std::size_t{options[at + 1]} * 8;
    }
    return nullptr;
}

void set_icmpv6_checksum(Ipv6Header& ip, std::uint8_t* icmp, std::uint16_t length) noexcept {
    header_at<IcmpHeader>(icmp).checksum = Be16{0};
    const std::uint32_t sum = raw_sum({icmp, length}, pseudo_sum(ip, IpProtocol::icmpv6, length));
    header_at<IcmpHeader>(icmp).checksum = Be16::from_raw(static_cast<std::uint16_t>(~fold(sum)));
}

// Turns a solicitation for `target` into the advertisement that answers it.
void turn_into_advert(rte_mbuf* m, const MacAddress& own) noexcept {
    auto* const at = rte_pktmbuf_mtod(m, std::uint8_t*) + sizeof(EthernetHeader);
    auto& ip = header_at<Ipv6Header>(at);
    auto& discovery = header_at<NeighborDiscovery>(at + sizeof(Ipv6Header));
    ip.destination = ip.source;
    ip.source = discovery.target;
    ip.hop_limit = 255;
    ip.payload_length = Be16{static_cast<std::uint16_t>(kDiscoveryLength)};
    discovery.type = kIcmpv6NeighborAdvertisement;
    discovery.flags = Be32{kAdvertSolicitedOverride};
    header_at<LinkLayerOption>(at + sizeof(Ipv6Header) + sizeof discovery) = {kNdTargetLinkLayer, 1, own};
    set_icmpv6_checksum(ip, at + sizeof(Ipv6Header), kDiscoveryLength);
    focus(m, 0, sizeof(EthernetHeader) + sizeof(Ipv6Header) + kDiscoveryLength);
}

void answer_discovery(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published,
                      Instant now) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    auto* const at = rte_pktmbuf_mtod(m, std::uint8_t*) + sizeof(EthernetHeader);
    const auto& ip = header_at<Ipv6Header>(at);
    const std::size_t length = ip.payload_length.value();             // parse() checked that this much is there
    if (length < sizeof(NeighborDiscovery) || ip.hop_limit != 255) {  // RFC 4861 section 7.1
        burst.verdict[lane] = Verdict::malformed;
        return;
    }
    const auto& discovery = header_at<NeighborDiscovery>(at + sizeof(Ipv6Header));
    const bool solicits = discovery.type == kIcmpv6NeighborSolicitation;
    const std::uint8_t* const options = at + sizeof(Ipv6Header) + sizeof(NeighborDiscovery);
    const MacAddress* const mac = link_layer_address(options, length - sizeof(NeighborDiscovery),
                                                     solicits ? kNdSourceLinkLayer : kNdTargetLinkLayer);
    const PortIndex port = burst.note[lane].port;
    const bool asks_us = solicits && mac != nullptr &&
                         answers_for(IpAddress{discovery.target}, port, lcore.shared.interfaces, *published.services);
    if (mac != nullptr) {
        learn(port, IpAddress{solicits ? ip.source : discovery.target}, *mac, asks_us, lcore.shared, now);
    }
    // From here a message that asks us named its sender, so it is long enough to become the advertisement.
    if (!asks_us) {
        read_only(burst, lane, lcore.shared);
        return;
    }
    turn_into_advert(m, lcore.shared.interfaces.port(port).mac);
    burst.bounce.add(lane);
}

std::uint16_t write_arp_request(std::uint8_t* at, const Interface& own, Ipv4Address source, Ipv4Address target) {
    header_at<EthernetHeader>(at) = {kBroadcast, own.mac, Be16{kEtherTypeArp}};
    header_at<ArpPacket>(at + sizeof(EthernetHeader)) = {
        Be16{1}, Be16{kEtherTypeIpv4}, 6, 4, Be16{kArpRequest}, own.mac, source, MacAddress{}, target};
    return sizeof(EthernetHeader) + sizeof(ArpPacket);
}

// To the solicited-node multicast address (RFC 4291 section 2.7.1), mapped to Ethernet by RFC 2464 section 7.
std::uint16_t write_solicitation(std::uint8_t* at, const Interface& own, const Ipv6Address& source,
                                 const Ipv6Address& target) {
    Ipv6Header ip{};
    ip.version_class_label = Be32{6U << 28};
    ip.payload_length = Be16{static_cast<std::uint16_t>(kDiscoveryLength)};
    ip.next_header = IpProtocol::icmpv6;
    ip.hop_limit = 255;
    ip.source = source;
    ip.destination = {
        {0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, target.bytes[13], target.bytes[14], target.bytes[15]}};
    const MacAddress multicast{{0x33, 0x33, 0xFF, target.bytes[13], target.bytes[14], target.bytes[15]}};
    header_at<EthernetHeader>(at) = {multicast, own.mac, Be16{kEtherTypeIpv6}};
    std::uint8_t* const ip_at = at + sizeof(EthernetHeader);
    std::uint8_t* const icmp_at = ip_at + sizeof ip;
    header_at<Ipv6Header>(ip_at) = ip;
    header_at<NeighborDiscovery>(icmp_at) = {kIcmpv6NeighborSolicitation, 0, Be16{0}, Be32{0}, target};
    header_at<LinkLayerOption>(icmp_at + sizeof(NeighborDiscovery)) = {kNdSourceLinkLayer, 1, own.mac};
    set_icmpv6_checksum(header_at<Ipv6Header>(ip_at), icmp_at, kDiscoveryLength);
    return sizeof(EthernetHeader) + sizeof ip + kDiscoveryLength;
}

}  // namespace

void answer_neighbors(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    for (const unsigned lane : burst.neighbors) {
        const auto& ethernet = *rte_pktmbuf_mtod(burst.mbuf[lane], const EthernetHeader*);
        if (ethernet.ether_type.value() == kEtherTypeArp) {
            answer_arp(burst, lane, lcore, published, now);
        } else {
            answer_discovery(burst, lane, lcore, published, now);
        }
    }
    burst.neighbors.clear();
}

void ask_neighbor(NeighborIndex index, LcoreState& lcore, Instant now) noexcept {
    NeighborEntry& entry = lcore.shared.neighbors.entry(index);
    const std::int64_t now_ns = now.time_since_epoch().count();
    if (now_ns - entry.asked.load(std::memory_order_relaxed) < kAskInterval.count()) {
        return;
    }
    const Interface& own = lcore.shared.interfaces.port(entry.port);
    const auto source = own.address_of(entry.address.family());
    rte_mbuf* const m = source ? rte_pktmbuf_alloc(lcore.shared.pool) : nullptr;
    if (m == nullptr) {
        ++lcore.counters.answers_lost;
        return;
    }
    entry.asked.store(now_ns, std::memory_order_relaxed);
    auto* const at = rte_pktmbuf_mtod(m, std::uint8_t*);
    m->data_len = source->family() == Family::ipv4 ? write_arp_request(at, own, source->v4(), entry.address.v4())
                                                   : write_solicitation(at, own, source->v6(), entry.address.v6());
    m->pkt_len = m->data_len;
    ++lcore.counters.made;
    lcore.tx.put(entry.port, m);
}

void confirm_neighbors(LcoreState& lcore, Instant now) noexcept {
    NeighborTable& neighbors = lcore.shared.neighbors;
    const std::int64_t now_ns = now.time_since_epoch().count();
    for (std::size_t i = 0; i < neighbors.size(); ++i) {
        const NeighborIndex index{static_cast<std::uint16_t>(i)};
        NeighborEntry& entry = neighbors.entry(index);
        const bool fresh = now_ns - entry.confirmed.load(std::memory_order_relaxed) < kConfirmInterval.count();
        const bool asked_lately = now_ns - entry.asked.load(std::memory_order_relaxed) < 5 * kAskInterval.count();
        if (!entry.ready.load(std::memory_order_acquire) || !neighbors.mac(index).known() || fresh || asked_lately) {
            continue;
        }
        if (entry.unanswered.fetch_add(1, std::memory_order_relaxed) >= kMostUnanswered) {
            neighbors.forget(index);
            entry.unanswered.store(0, std::memory_order_relaxed);
            continue;
        }
        ask_neighbor(index, lcore, now);
    }
}

}  // namespace izar
