#include "dataplane/stages/open_overlay.h"

#include <array>
#include <cstring>
#include <span>

#include "dataplane/links/keep_alive.h"
#include "dataplane/links/path_prober.h"
#include "dataplane/stages/ahead.h"
#include "dataplane/stages/authenticate.h"
#include "dataplane/stages/duplicate.h"
#include "dataplane/stages/frame.h"

namespace izar {
namespace {

OverlayHeader& overlay_of(const Burst& burst, unsigned lane) noexcept {
    return header_at<OverlayHeader>(burst.l4[lane] + sizeof(UdpHeader));
}

bool is_control(const OverlayHeader& header) noexcept {
    return (header.geneve.flags & kGeneveControl) != 0;
}

// Bytes from the lane's IP header to its overlay header.
std::size_t overlay_offset(const Burst& burst, unsigned lane) noexcept {
    return static_cast<std::size_t>(burst.l4[lane] - burst.ip[lane]) + sizeof(UdpHeader);
}

// Whether `address` sent the outer packet. Compared where it lies: an IpAddress is put together from pieces, and the
// processor waits some 15 cycles when it reads several of them as one word right after.
bool is_from(const std::uint8_t* ip, const IpAddress& address) noexcept {
    if (family_of(ip) == Family::ipv4) {
        const auto& source = reinterpret_cast<const Ipv4Header*>(ip)->source;
        return address.family() == Family::ipv4 && std::memcmp(&source, address.bytes().data(), sizeof source) == 0;
    }
    const auto& source = reinterpret_cast<const Ipv6Header*>(ip)->source;
    return address.family() == Family::ipv6 && std::memcmp(&source, address.bytes().data(), sizeof source) == 0;
}

// The slot of the peer that sent the outer packet with this header, or kNoSlot if it is none of ours at that address.
NodeSlot peer_of(const OverlayHeader& header, const std::uint8_t* ip, const Fleet& fleet) noexcept {
    const NodeSlot slot = fleet.slot(NodeId{header.sender.value()});
    const bool known = slot != kNoSlot && slot != fleet.self && is_from(ip, fleet.node(slot).overlay_address);
    return known ? slot : kNoSlot;
}

// A way to the last segment over a link that is up and not back to where the packet came from, or nullptr.
const Path* detour(const Destination& destination, NodeSlot from, const SharedLinks& links) noexcept {
    for (unsigned i = 0; i < destination.path_count; ++i) {
        const Path& path = destination.path[i];
        if (path.first_link != from && !links.down(path.first_link)) {
            return &path;
        }
    }
    return nullptr;
}

// The path that a relayed packet goes on with. A dead next link is replaced once by this node's own way to
// the last segment: the flag keeps two relays from repairing each other's repairs. Where there is no other way the
// packet goes on as it was sent: the link may only seem dead, to a node that was deaf for a moment.
Verdict choose_segments(Burst& burst, unsigned lane, const OverlayHeader& header, NodeSlot from,
                        const LcoreState& lcore, const Published& published) noexcept {
    const Fleet& fleet = *published.fleet;
    if (is_control(header) != (service_of(header.geneve) == kNoService)) {
        return Verdict::control_malformed;  // it would go on as what it is not
    }
    const NodeId next{header.remaining[0].value()};
    const NodeId last = header.remaining[1].value() == 0 ? next : NodeId{header.remaining[1].value()};
    const NodeId self = fleet.node(fleet.self).id;
    const NodeSlot link = fleet.slot(next);
    if (next == self || last == self || link == from) {
        return Verdict::segment_loop;
    }
    if (link == kNoSlot || fleet.slot(last) == kNoSlot) {
        return Verdict::no_path;
    }
    Path& path = burst.path[lane];
    burst.overlay_flags[lane] = header.flags;
    // The probe of a path is not repaired: it is to show this one.
    if (lcore.shared.links.down(link) && (header.flags & kFlagRepaired) == 0 && !is_control(header)) {
        const PolicyIndex policy = published.services->policy_of(service_of(header.geneve));
        const Path* const own = detour(published.routes->to(policy, fleet.slot(last)), from, lcore.shared.links);
        if (own != nullptr) {
            path = *own;
            burst.overlay_flags[lane] = header.flags | kFlagRepaired;
            return Verdict::pending;
        }
    }
    path = Path{};
    path.segments = {next, NodeId{header.remaining[1].value()}, kNoNode};
    path.length = header.remaining[1].value() == 0 ? 1 : 2;
    path.first_link = link;
    return Verdict::pending;
}

// What follows the overlay header of a lane that was focused on it.
std::span<const std::uint8_t> inside(const Burst& burst, unsigned lane) noexcept {
    return {rte_pktmbuf_mtod(burst.mbuf[lane], const std::uint8_t*), burst.mbuf[lane]->data_len};
}

bool is_of_path_probe(std::span<const std::uint8_t> message) noexcept {
    return !message.empty() && message[0] == static_cast<std::uint8_t>(ControlKind::path_probe);
}

void relay(Burst& burst, unsigned lane, const OverlayHeader& header, NodeSlot from, LcoreState& lcore,
           const Published& published) noexcept {
    if (burst.mbuf[lane]->data_len < sizeof(Ipv4Header)) {
        burst.verdict[lane] = Verdict::truncated;
        return;
    }
    // What a node tells of its own link is for that link's other end: passed on, it would be taken for this node's
    // word.
    if (is_control(header) && !is_of_path_probe(inside(burst, lane))) {
        burst.verdict[lane] = Verdict::control_malformed;
        return;
    }
    burst.verdict[lane] = choose_segments(burst, lane, header, from, lcore, published);
    if (burst.verdict[lane] != Verdict::pending) {
        return;
    }
    if (burst.mbuf[lane]->data_len > lcore.sender.link(burst.path[lane].first_link).inner_mtu) {
        burst.verdict[lane] = Verdict::relay_too_big;
        return;
    }
    burst.ingress[lane] = NodeId{header.ingress.value()};
    burst.service[lane] = service_of(header.geneve);
    // The outer source port goes on as it came, so that ECMP keeps the flow in order on every segment.
    burst.hash[lane] = header_at<UdpHeader>(burst.l4[lane]).source_port.value();
    burst.ip[lane] = rte_pktmbuf_mtod(burst.mbuf[lane], std::uint8_t*);
    burst.ip_length[lane] = burst.mbuf[lane]->data_len;
    burst.relay.add(lane);
}

// Starts the way of the line with the checksum that the egress will rewrite. TCP's over IPv4 lies 122 bytes into the
// frame, in the line behind those that were fetched ahead (ahead.h); UDP's lies before, and is asked for in vain.
void fetch_checksum(const Burst& burst, unsigned lane) noexcept {
    const bool tcp = *(burst.ip[lane] + offsetof(Ipv4Header, protocol)) == raw(IpProtocol::tcp);
    fetch_to_write(burst.l4[lane] + (tcp ? offsetof(TcpHeader, checksum) : offsetof(UdpHeader, checksum)));
}

// The last segment: a reply is delivered, anything else enters the flow stages as the egress's packet.
void arrive(Burst& burst, unsigned lane, const OverlayHeader& header, LcoreState& lcore,
            const Published& published) noexcept {
    if ((header.flags & kFlagDuplicate) != 0 && !take_first_copy(burst, lane, lcore, published)) {
        return;
    }
    LaneNote& note = burst.note[lane];
    note.ingress = NodeId{header.ingress.value()};
    note.service = service_of(header.geneve);
    if ((header.flags & kFlagReply) != 0) {
        note.way = Way::deliver;
        burst.deliver.add(lane);
        return;
    }
    note.way = Way::egress;
    if (sort_ip(burst, lane)) {
        fetch_checksum(burst, lane);
    }
}

// Whether the lane has the overlay header of a peer; sets peer, or a verdict.
bool find_peer(Burst& burst, unsigned lane, const Fleet& fleet) noexcept {
    const OverlayHeader& header = overlay_of(burst, lane);
    const std::size_t length = burst.ip_length[lane] - overlay_offset(burst, lane);
    if (check_overlay_header({reinterpret_cast<const std::uint8_t*>(&header), length}) != OverlayFault::none) {
        burst.verdict[lane] = Verdict::overlay_malformed;
        return false;
    }
    burst.peer[lane] = peer_of(header, burst.ip[lane], fleet);
    if (burst.peer[lane] == kNoSlot) {
        burst.verdict[lane] = Verdict::unknown_peer;
        return false;
    }
    return true;
}

// Notes the packets of one peer that stand one behind another in `lanes`, from number `from` on; returns the number
// behind them. A control packet ends them, because it tells how many packets came before it.
std::size_t note_run(const Burst& burst, const LaneList& lanes, std::size_t from, LcoreState& lcore,
                     Instant now) noexcept {
    std::array<const OverlayHeader*, kMaxBurst> run;
    const NodeSlot peer = burst.peer[lanes[from]];
    std::size_t size = 0;
    bool ends = false;
    for (std::size_t at = from; !ends && at < lanes.size() && burst.peer[lanes[at]] == peer; ++at) {
        run[size] = &overlay_of(burst, lanes[at]);
        ends = is_control(*run[size]);
        ++size;
    }
    lcore.receiver.note(peer, std::span{run}.first(size), now);
    return from + size;
}

void open_lane(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published, Instant now) noexcept {
    const OverlayHeader& header = overlay_of(burst, lane);
    const NodeSlot from = burst.peer[lane];
    const auto offset = static_cast<std::uint16_t>(overlay_offset(burst, lane) + sizeof(OverlayHeader));
    focus(burst.mbuf[lane], offset, static_cast<std::uint16_t>(burst.ip_length[lane] - offset));
    if (header.remaining[0].value() != 0) {
        relay(burst, lane, header, from, lcore, published);
    } else if (is_control(header)) {
        const auto message = inside(burst, lane);
        burst.verdict[lane] = is_of_path_probe(message) ? read_path_probe(message, from, lcore, published, now)
                                                        : read_control(message, header, from, lcore, now);
    } else {
        arrive(burst, lane, header, lcore, published);
    }
}

}  // namespace

void open_overlay(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    LaneList lanes;
    for (const unsigned lane : burst.overlay) {
        burst.ahead.fetch_frame(lane);
        if (find_peer(burst, lane, *published.fleet)) {
            lanes.add(lane);
        }
    }
    if (lcore.security.keys != nullptr) {
        authenticate(burst, lanes, lcore.security);
    }
    // From here, every lane's packet is its peer's, and plain.
    for (std::size_t at = 0; at < lanes.size();) {
        for (const std::size_t end = note_run(burst, lanes, at, lcore, now); at < end; ++at) {
            open_lane(burst, lanes[at], lcore, published, now);
        }
    }
    burst.overlay.clear();
}

}  // namespace izar
