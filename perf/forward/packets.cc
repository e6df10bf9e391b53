#include "perf/forward/packets.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/duplicate_tag.h"

namespace izar {
namespace {

constexpr std::uint8_t kHopLimit = 64;
constexpr std::size_t kMostInnerHeaders = sizeof(Ipv4Header) + sizeof(TcpHeader) + sizeof(TcpTimestamps);
constexpr std::size_t kOuterHeaders =
    sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(UdpHeader) + sizeof(OverlayHeader);

template <typename Header>
Header& at(std::uint8_t* bytes) noexcept {
    return *reinterpret_cast<Header*>(bytes);
}
template <typename Header>
const Header& at(const std::uint8_t* bytes) noexcept {
    return *reinterpret_cast<const Header*>(bytes);
}

Ipv4Header ipv4_header(IpProtocol protocol, std::uint16_t length, Ipv4Address source,
                       Ipv4Address destination) noexcept {
    Ipv4Header ip{};
    ip.version_ihl = 0x45;
    ip.total_length = Be16{length};
    ip.flags_fragment = Be16{kIpv4DontFragment};
    ip.ttl = kHopLimit;
    ip.protocol = protocol;
    ip.source = source;
    ip.destination = destination;
    set_ipv4_checksum(ip);
    return ip;
}

std::uint32_t halves(std::uint32_t raw_bits) noexcept {
    return (raw_bits & 0xFFFF) + (raw_bits >> 16);
}

std::uint16_t sum_of(const std::uint8_t* bytes, std::size_t length, std::uint32_t start = 0) noexcept {
    return fold(raw_sum({bytes, length}, start));
}

// Whether a UDP or TCP packet over IPv4 of exactly `length` bytes has right lengths and checksums.
bool sums_are_right(const std::uint8_t* packet, std::size_t length) noexcept {
    const auto& ip = at<Ipv4Header>(packet);
    const std::size_t l4_length = length - sizeof(Ipv4Header);
    const std::uint32_t pseudo = pseudo_sum(ip, static_cast<std::uint32_t>(l4_length));
    const bool is_told =
        ip.protocol == IpProtocol::tcp || at<UdpHeader>(packet + sizeof(Ipv4Header)).length.value() == l4_length;
    return is_told && ip.total_length.value() == length && sum_of(packet, sizeof(Ipv4Header)) == 0xFFFF &&
           sum_of(packet + sizeof(Ipv4Header), l4_length, pseudo) == 0xFFFF;
}

bool is_client_packet(const std::uint8_t* packet, std::size_t length) noexcept {
    const auto& ip = at<Ipv4Header>(packet);
    const auto& udp = at<UdpHeader>(packet + sizeof(Ipv4Header));  // TCP has its ports at the same place
    return ip.destination == service_vip() && udp.destination_port == Be16{kServicePort} &&
           sums_are_right(packet, length);
}

bool is_overlay_packet(const std::uint8_t* frame, std::size_t inner_length) noexcept {
    const auto& outer = at<Ipv4Header>(frame + sizeof(EthernetHeader));
    const auto& udp = at<UdpHeader>(frame + sizeof(EthernetHeader) + sizeof(Ipv4Header));
    const std::uint8_t* const header = frame + kOuterHeaders - sizeof(OverlayHeader);
    const std::size_t outer_length = kOuterHeaders - sizeof(EthernetHeader) + inner_length;
    const std::span payload{header, sizeof(OverlayHeader) + inner_length};
    return outer.source == wan_address(kOwnSlot) && outer.total_length.value() == outer_length &&
           sum_of(frame + sizeof(EthernetHeader), sizeof(Ipv4Header)) == 0xFFFF &&
           udp.destination_port == Be16{kGenevePort} && udp.length.value() == outer_length - sizeof(Ipv4Header) &&
           check_overlay_header(payload) == OverlayFault::none &&
           at<OverlayHeader>(header).sender == Be16{raw(kOwnId)} &&
           service_of(at<OverlayHeader>(header).geneve) == kService;
}

bool is_translated(const std::uint8_t* packet, std::size_t length) noexcept {
    const auto& ip = at<Ipv4Header>(packet);
    const auto& udp = at<UdpHeader>(packet + sizeof(Ipv4Header));
    const std::uint32_t lan = lan_address(0).bits.value();
    const std::uint32_t source = ip.source.bits.value() - lan;
    const std::uint32_t destination = ip.destination.bits.value() - lan;
    return source - kFirstNatHost < kNatAddresses && destination - kFirstOriginHost < kOrigins &&
           udp.destination_port == Be16{kOriginPort} && ip.ttl == kHopLimit - 1 && sums_are_right(packet, length);
}

std::unique_ptr<PeerEnds> peer_ends(unsigned links) {
    auto ends = PeerEnds::make(links);
    CHECK(ends.has_value());  // the node's own were made before
    return std::move(*ends);
}

std::uint16_t l4_header_length(const Scenario& scenario) noexcept {
    if (scenario.protocol == IpProtocol::udp) {
        return sizeof(UdpHeader);
    }
    return static_cast<std::uint16_t>(sizeof(TcpHeader) + (scenario.timestamps ? sizeof(TcpTimestamps) : 0));
}

void write_tcp(const Scenario& scenario, std::uint8_t flags, std::uint8_t* l4) noexcept {
    TcpHeader tcp{};
    tcp.destination_port = Be16{kServicePort};
    tcp.sequence = Be32{1};
    tcp.acknowledgment = Be32{1};
    tcp.data_offset = static_cast<std::uint8_t>(l4_header_length(scenario) / 4 << 4);
    tcp.flags = flags;
    tcp.window = Be16{0xFFFF};
    at<TcpHeader>(l4) = tcp;
    if (scenario.timestamps) {
        at<TcpTimestamps>(l4 + sizeof tcp) = {kTcpTimestampsHead, Be32{1}, Be32{1}};
    }
}

// The client's address and port are zero in a template; write() adds them and what they weigh in the checksums.
void write_inner(const Scenario& scenario, std::uint8_t tcp_flags, std::uint16_t frame_bytes,
                 std::uint8_t* inner) noexcept {
    const auto ip_length = static_cast<std::uint16_t>(frame_bytes - sizeof(EthernetHeader));
    const auto l4_length = static_cast<std::uint16_t>(ip_length - sizeof(Ipv4Header));
    auto& ip = at<Ipv4Header>(inner);
    ip = ipv4_header(scenario.protocol, ip_length, Ipv4Address{Be32{0}}, service_vip());
    std::uint8_t* const l4 = inner + sizeof(Ipv4Header);
    const bool is_udp = scenario.protocol == IpProtocol::udp;
    if (is_udp) {
        at<UdpHeader>(l4) = {Be16{0}, Be16{kServicePort}, Be16{l4_length}, Be16{0}};
    } else {
        write_tcp(scenario, tcp_flags, l4);
    }
    const std::uint16_t sum = sum_of(l4, l4_header_length(scenario), pseudo_sum(ip, l4_length));
    (is_udp ? at<UdpHeader>(l4).checksum : at<TcpHeader>(l4).checksum) =
        Be16::from_raw(static_cast<std::uint16_t>(~sum));
}

}  // namespace

PacketWriter::PacketWriter(const Scenario& scenario, const MacAddress& destination)
    : links_(scenario.links),
      duplicate_tag_(copies_in(scenario) == 1 ? 0 : sizeof(DuplicateTag)),
      inner_at_(static_cast<std::uint16_t>(gets_overlay(scenario.role) ? kOuterHeaders + duplicate_tag_
                                                                       : sizeof(EthernetHeader))),
      sum_at_(static_cast<std::uint16_t>(
          inner_at_ + sizeof(Ipv4Header) +
          (scenario.protocol == IpProtocol::udp ? offsetof(UdpHeader, checksum) : offsetof(TcpHeader, checksum)))),
      payload_at_(static_cast<std::uint16_t>(inner_at_ + sizeof(Ipv4Header) + l4_header_length(scenario))),
      overlay_(gets_overlay(scenario.role)),
      clears_payload_(scenario.sealed || scenario.ports != PortKind::ring),
      forgery_(scenario.forgery) {
    if (scenario.sealed && overlay_) {
        west_ = peer_ends(links_);
    }
    static_assert(kOuterHeaders + sizeof(DuplicateTag) + kMostInnerHeaders <= kTemplate);
    static_assert(sizeof(EthernetHeader) + kMostInnerHeaders <= kTemplate / 2);
    CHECK(scenario.frame_bytes >= kLeastFrame && scenario.frame_bytes <= kMostFrame);
    templates_ = make_templates(scenario, kTcpAck, destination);
    if (scenario.protocol == IpProtocol::tcp) {
        opening_templates_ = make_templates(scenario, kTcpSyn, destination);
    }
}

std::vector<PacketWriter::Template> PacketWriter::make_templates(const Scenario& scenario, std::uint8_t tcp_flags,
                                                                 const MacAddress& destination) const {
    std::vector<Template> out;
    for (unsigned link = 0; link < links_; ++link) {
        if (!scenario.imix) {
            out.push_back(make_template(scenario, tcp_flags, scenario.frame_bytes, link, destination));
            continue;
        }
        for (const std::uint16_t frame_bytes : kImixFrames) {
            out.push_back(make_template(scenario, tcp_flags, frame_bytes, link, destination));
        }
    }
    return out;
}

PacketWriter::Template PacketWriter::make_template(const Scenario& scenario, std::uint8_t tcp_flags,
                                                   std::uint16_t frame_bytes, unsigned link,
                                                   const MacAddress& destination) const {
    Template out;
    out.length = static_cast<std::uint16_t>(inner_at_ + frame_bytes - sizeof(EthernetHeader));
    at<EthernetHeader>(out.bytes.data()) = {destination, mac_of(0xFFFF), Be16{kEtherTypeIpv4}};
    write_inner(scenario, tcp_flags, frame_bytes, out.bytes.data() + inner_at_);
    if (overlay_) {
        write_outer(scenario.role, link, out);
    }
    return out;
}

void PacketWriter::write_outer(Role role, unsigned link, Template& out) const noexcept {
    std::uint8_t* const start = out.bytes.data() + sizeof(EthernetHeader);
    const std::size_t tag = west_ != nullptr ? kTagLength : 0;
    const auto length = static_cast<std::uint16_t>(out.length - sizeof(EthernetHeader) + tag);
    at<Ipv4Header>(start) = ipv4_header(IpProtocol::udp, length, wan_address(west_slot(link)), wan_address(kOwnSlot));
    at<UdpHeader>(start + sizeof(Ipv4Header)) = {Be16{kFirstOuterPort}, Be16{kGenevePort},
                                                 Be16{static_cast<std::uint16_t>(length - sizeof(Ipv4Header))},
                                                 Be16{0}};
    auto& header = at<OverlayHeader>(start + sizeof(Ipv4Header) + sizeof(UdpHeader));
    const NodeId west = id_of(west_slot(link));
    write_overlay_template(header, west);
    header.geneve.protocol = Be16{duplicate_tag_ == 0 ? kEtherTypeIpv4 : kEtherTypeSealed};
    header.flags = duplicate_tag_ == 0 ? 0 : kFlagDuplicate;
    header.geneve.vni_reserved = Be32{vni_of(kService) << 8};
    header.ingress = Be16{raw(west)};
    header.remaining[0] = Be16{role == Role::relay ? raw(id_of(east_slot(link))) : raw(kNoNode)};
}

const PacketWriter::Template& PacketWriter::next_template(std::uint32_t flow) noexcept {
    const std::size_t link = links_ == 1 ? 0 : flow % links_;
    const std::vector<Template>& all = opening_ && !opening_templates_.empty() ? opening_templates_ : templates_;
    if (all.size() == links_) {
        return all[link];
    }
    imix_at_ = imix_at_ + 1 < kImixOrder.size() ? imix_at_ + 1 : 0;
    return all[link * kImixFrames.size() + kImixOrder[imix_at_]];
}

void PacketWriter::write(rte_mbuf* m, std::uint32_t flow, Instant now) noexcept {
    DuplicateTag tag{Be16{raw(kWestId)}, {}, {}};
    if (duplicate_tag_ != 0) {
        const Copies::Packet copy = opening_ ? copies_.next_alone(flow) : copies_.next(flow);
        flow = copy.flow;
        tag.sequence = Be64{copy.number};
    }
    const Template& packet = next_template(flow);
    m->data_len = packet.length;
    m->pkt_len = packet.length;
    auto* const frame = rte_pktmbuf_mtod(m, std::uint8_t*);
    if (overlay_) {
        std::memcpy(frame, packet.bytes.data(), kTemplate);
        at<UdpHeader>(frame + sizeof(EthernetHeader) + sizeof(Ipv4Header)).source_port =
            Be16{static_cast<std::uint16_t>(kFirstOuterPort | (flow & 0x3FFF))};
        auto& header = at<OverlayHeader>(frame + kOuterHeaders - sizeof(OverlayHeader));
        header.t_tx = Be32{low_clock(now)};
        header.t_echo = Be32{low_clock(now) - kLinkRttNs};
        header.packet_number = Be64{next_packet_++};
        std::memcpy(frame + kOuterHeaders, &tag, duplicate_tag_);
    } else {
        std::memcpy(frame, packet.bytes.data(), kTemplate / 2);
    }
    if (clears_payload_) {
        std::memset(frame + payload_at_, 0, std::size_t{packet.length} - payload_at_);
    }
    const ClientEnd client = client_of(flow);
    const Be32 address{client.address};
    const Be16 port{client.port};
    auto& ip = at<Ipv4Header>(frame + inner_at_);
    ip.source = Ipv4Address{address};
    ip.checksum = apply_delta(ip.checksum, fold(halves(address.raw_bits())));
    at<UdpHeader>(frame + inner_at_ + sizeof(Ipv4Header)).source_port = port;  // where TCP has it, too
    auto& checksum = at<Be16>(frame + sum_at_);
    const Be16 sum = apply_delta(checksum, fold(halves(address.raw_bits()) + port.raw_bits()));
    checksum = sum.raw_bits() == 0 ? Be16{0xFFFF} : sum;  // RFC 768: 0 would mean "no checksum"; to TCP they are one
}

void PacketWriter::finish(std::span<rte_mbuf* const> packets) noexcept {
    if (west_ != nullptr) {
        west_->seal(packets, kOuterHeaders - sizeof(OverlayHeader), forgery_);
    }
}

PacketJudge::PacketJudge(const Scenario& scenario)
    : scenario_(scenario), duplicate_tag_(scenario.duplicate ? sizeof(DuplicateTag) : 0) {
    if (scenario.sealed && !translates(scenario.role)) {
        peers_ = peer_ends(scenario.links);
    }
}

bool PacketJudge::is_control(const rte_mbuf* m) noexcept {
    const auto* const frame = rte_pktmbuf_mtod(m, const std::uint8_t*);
    return m->pkt_len >= kOuterHeaders &&
           at<UdpHeader>(frame + sizeof(EthernetHeader) + sizeof(Ipv4Header)).destination_port == Be16{kGenevePort} &&
           (at<OverlayHeader>(frame + kOuterHeaders - sizeof(OverlayHeader)).geneve.flags & kGeneveControl) != 0;
}

bool PacketJudge::is_client_frame(std::size_t bytes) const noexcept {
    return scenario_.imix ? std::ranges::find(kImixFrames, bytes) != kImixFrames.end() : bytes == scenario_.frame_bytes;
}

// An overlay packet goes to the east of its flow's link, or by way of west with east as what remains.
bool PacketJudge::leads_to_east(const std::uint8_t* frame) const noexcept {
    const auto& outer = at<Ipv4Header>(frame + sizeof(EthernetHeader));
    const auto& header = at<OverlayHeader>(frame + kOuterHeaders - sizeof(OverlayHeader));
    const std::uint8_t* const packet = frame + kOuterHeaders + duplicate_tag_;
    const auto& inner = at<Ipv4Header>(packet);
    const auto& udp = at<UdpHeader>(packet + sizeof(Ipv4Header));
    const std::uint32_t flow = flow_from({inner.source.bits.value(), udp.source_port.value()});
    const NodeSlot east = scenario_.role == Role::relay ? east_slot(flow % scenario_.links) : kEastSlot;
    const bool to_east = outer.destination == wan_address(east) && header.remaining[0].value() == 0;
    const bool by_west = outer.destination == wan_address(kWestSlot) && header.remaining[0].value() == raw(id_of(east));
    return flow != kNoFlow && (to_east || by_west);
}

bool PacketJudge::right(rte_mbuf* m) noexcept {
    const auto* const frame = rte_pktmbuf_mtod(m, const std::uint8_t*);
    if (translates(scenario_.role)) {
        return is_client_frame(m->pkt_len) &&
               is_translated(frame + sizeof(EthernetHeader), m->pkt_len - sizeof(EthernetHeader));
    }
    const std::size_t added = duplicate_tag_ + (peers_ != nullptr ? kTagLength : 0);
    if (m->pkt_len < kOuterHeaders + added) {
        return false;
    }
    const std::size_t text_length = m->pkt_len - kOuterHeaders;
    const std::size_t inner_length = text_length - added;
    if (!is_client_frame(inner_length + sizeof(EthernetHeader)) || !is_overlay_packet(frame, text_length)) {
        return false;
    }
    if (peers_ != nullptr && !peers_->open(m, kOuterHeaders - sizeof(OverlayHeader))) {
        return false;
    }
    return leads_to_east(frame) && is_client_packet(frame + kOuterHeaders + duplicate_tag_, inner_length);
}

}  // namespace izar
