#include "dataplane/links/link_sender.h"

#include <cstring>

#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

constexpr std::uint8_t kOuterHopLimit = 64;

// The header checksum in the template is that of total length 0; the seal stage adds the length.
void write_outer_ipv4(std::uint8_t* at, Ipv4Address source, Ipv4Address destination) noexcept {
    Ipv4Header ip{};
    ip.version_ihl = 0x45;
    ip.flags_fragment = Be16{kIpv4DontFragment};
    ip.ttl = kOuterHopLimit;
    ip.protocol = IpProtocol::udp;
    ip.source = source;
    ip.destination = destination;
    set_ipv4_checksum(ip);
    std::memcpy(at, &ip, sizeof ip);
}

void write_outer_ipv6(std::uint8_t* at, const Ipv6Address& source, const Ipv6Address& destination) noexcept {
    Ipv6Header ip{};
    ip.version_class_label = Be32{6u << 28};
    ip.next_header = IpProtocol::udp;
    ip.hop_limit = kOuterHopLimit;
    ip.source = source;
    ip.destination = destination;
    std::memcpy(at, &ip, sizeof ip);
}

}  // namespace

LinkSender::LinkSender(LcoreIndex lcore, const Interfaces& interfaces, NeighborTable& neighbors)
    : interfaces_(interfaces), neighbors_(neighbors), links_(std::make_unique<LinkTemplate[]>(kMaxNodes)) {
    for (std::size_t slot = 0; slot < kMaxNodes; ++slot) {
        links_[slot].next_packet = std::uint64_t{raw(lcore)} << kPacketNumberLcoreShift;
    }
}

void LinkSender::rebuild(const Fleet& fleet) noexcept {
    for (std::size_t slot = 0; slot < kMaxNodes; ++slot) {
        if (slot < fleet.nodes.size() && fleet.nodes[slot].id != kNoNode) {
            build(fleet, NodeSlot{static_cast<std::uint16_t>(slot)});
        } else {
            links_[slot].port = kNoPort;
        }
    }
}

void LinkSender::build(const Fleet& fleet, NodeSlot slot) noexcept {
    LinkTemplate& link = links_[raw(slot)];
    const IpAddress& peer = fleet.node(slot).overlay_address;
    const auto own = interfaces_.port(interfaces_.overlay_port()).address_of(peer.family());
    const auto hop = interfaces_.next_hop(peer);
    link.port = kNoPort;
    link.stamped = Instant::min();
    if (slot == fleet.self || !own || !hop) {
        return;
    }
    link.underlay = peer.family();
    link.neighbor = neighbors_.insert(hop->port, hop->address);
    link.inner_mtu = static_cast<std::uint16_t>(interfaces_.port(hop->port).mtu - overlay_overhead(link.underlay));
    std::uint8_t* const start = link.block.data() + kTemplateBlock - link.outer_length();
    std::uint8_t* udp_at = start + sizeof(Ipv4Header);
    if (link.underlay == Family::ipv4) {
        write_outer_ipv4(start, own->v4(), peer.v4());
    } else {
        write_outer_ipv6(start, own->v6(), peer.v6());
        udp_at = start + sizeof(Ipv6Header);
    }
    UdpHeader udp{};
    udp.destination_port = Be16{kGenevePort};
    std::memcpy(udp_at, &udp, sizeof udp);
    write_overlay_template(*reinterpret_cast<OverlayHeader*>(udp_at + sizeof udp), fleet.node(fleet.self).id);
    link.port = link.neighbor == kNoNeighbor ? kNoPort : hop->port;
}

}  // namespace izar
