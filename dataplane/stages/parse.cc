#include "dataplane/stages/parse.h"

#include <algorithm>

#include "dataplane/stages/frame.h"

namespace izar {
namespace {

// Whether an IPv6 packet is a neighbour solicitation or advertisement.
bool is_neighbor_discovery(const Burst& burst, unsigned lane) noexcept {
    const auto& ip = header_at<Ipv6Header>(burst.ip[lane]);
    return ip.next_header == IpProtocol::icmpv6 && burst.ip_length[lane] >= sizeof(Ipv6Header) + sizeof(IcmpHeader) &&
           (*burst.l4[lane] == kIcmpv6NeighborSolicitation || *burst.l4[lane] == kIcmpv6NeighborAdvertisement);
}

// Whether a lane that came by the overlay port and that sort_ip() took is an overlay packet for this node: to our
// address, UDP to the GENEVE port.
bool is_overlay(const Burst& burst, unsigned lane, const Interfaces& interfaces) noexcept {
    const std::uint8_t* const ip = burst.ip[lane];
    const auto& udp = *reinterpret_cast<const UdpHeader*>(burst.l4[lane]);
    if (udp.destination_port.value() != kGenevePort) {
        return false;
    }
    if (family_of(ip) == Family::ipv4) {
        const auto& own = interfaces.overlay_ipv4();
        const auto& outer = *reinterpret_cast<const Ipv4Header*>(ip);
        return outer.protocol == IpProtocol::udp && own && outer.destination == *own;
    }
    const auto& own = interfaces.overlay_ipv6();
    const auto& outer = *reinterpret_cast<const Ipv6Header*>(ip);
    return outer.next_header == IpProtocol::udp && own && outer.destination == *own;
}

// Takes the lanes of `from` that are overlay packets over to burst.overlay.
void split_overlay(Burst& burst, LaneList& from, const Interfaces& interfaces) noexcept {
    LaneList stay;
    for (const unsigned lane : from) {
        (is_overlay(burst, lane, interfaces) ? burst.overlay : stay).add(lane);
    }
    from = stay;
}

void split_neighbors(Burst& burst) noexcept {
    LaneList stay;
    for (const unsigned lane : burst.odd) {
        const bool discovery = family_of(burst.ip[lane]) == Family::ipv6 && is_neighbor_discovery(burst, lane);
        if (discovery) {
            prepend(burst.mbuf[lane], sizeof(EthernetHeader));
        }
        (discovery ? burst.neighbors : stay).add(lane);
    }
    burst.odd = stay;
}

void parse_frame(Burst& burst, unsigned lane) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    burst.ip[lane] = nullptr;
    if (m->nb_segs != 1) {
        burst.verdict[lane] = Verdict::segmented;
        return;
    }
    if (m->data_len < sizeof(EthernetHeader)) {
        burst.verdict[lane] = Verdict::truncated;
        return;
    }
    const auto& ethernet = *rte_pktmbuf_mtod(m, const EthernetHeader*);
    switch (ethernet.ether_type.value()) {
        case kEtherTypeIpv4:
        case kEtherTypeIpv6:
            focus(m, sizeof(EthernetHeader), static_cast<std::uint16_t>(m->data_len - sizeof(EthernetHeader)));
            burst.note[lane].way = Way::plain;
            sort_ip(burst, lane);
            break;
        case kEtherTypeArp:
            burst.neighbors.add(lane);
            break;
        default:
            burst.exception.add(lane);
    }
}

}  // namespace

void parse(Burst& burst, const Interfaces& interfaces) noexcept {
    for (unsigned lane = 0; lane < burst.size; ++lane) {
        parse_frame(burst, lane);
    }
    if (burst.note[0].port == interfaces.overlay_port()) {
        split_overlay(burst, burst.ipv4, interfaces);
        split_overlay(burst, burst.ipv6, interfaces);
    }
    if (!burst.odd.empty()) {
        split_neighbors(burst);
    }
}

}  // namespace izar
