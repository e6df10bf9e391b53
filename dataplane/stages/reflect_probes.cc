#include "dataplane/stages/reflect_probes.h"

#include <utility>

#include "dataplane/stages/families.h"
#include "dataplane/stages/frame.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

// A sender's port is from here on: another reflector, or an echo service, that a forged source names as the sender
// would be answered and answer again for ever. The ports of izar's own sessions take answers and give none.
constexpr std::uint16_t kLeastSenderPort = 1024;

bool may_answer_again(std::uint16_t port) noexcept {
    return port < kLeastSenderPort && !StampBoard::is_source(port);
}

constexpr std::uint8_t kReplyTtl = 255;  // RFC 8762 section 4.3: so that the peer can count the hops

IpProtocol protocol_of(const Ipv4Header& ip) noexcept {
    return ip.protocol;
}
IpProtocol protocol_of(const Ipv6Header& ip) noexcept {
    return ip.next_header;
}
std::uint8_t hops_of(const Ipv4Header& ip) noexcept {
    return ip.ttl;
}
std::uint8_t hops_of(const Ipv6Header& ip) noexcept {
    return ip.hop_limit;
}
void set_hops(Ipv4Header& ip) noexcept {
    ip.ttl = kReplyTtl;
    set_ipv4_checksum(ip);
}
void set_hops(Ipv6Header& ip) noexcept {
    ip.hop_limit = kReplyTtl;
}
std::uint32_t pseudo(const Ipv4Header& ip, std::uint32_t length) noexcept {
    return pseudo_sum(ip, length);
}
std::uint32_t pseudo(const Ipv6Header& ip, std::uint32_t length) noexcept {
    return pseudo_sum(ip, IpProtocol::udp, length);
}

// A node of the fleet says by its probe's session which one it is, so that nobody has to look for its address.
bool is_node(const Fleet* fleet, std::span<std::uint8_t> probe, const IpAddress& source) noexcept {
    if (fleet == nullptr || probe.size() < kLeastStampBytes) {
        return false;
    }
    const NodeId named{header_at<StampProbe>(probe.data()).session.value()};
    const NodeSlot slot = fleet->slot(named);
    return slot != kNoSlot && fleet->node(slot).overlay_address == source;
}

// Whether the datagram at `udp` is whole and came as it was sent. Without a checksum it is taken over IPv4 only
// (RFC 8200 section 8.1).
template <typename Header>
bool is_sound(const Header& ip, const UdpHeader& udp, std::size_t length) noexcept {
    if (udp.length.value() != length) {
        return false;
    }
    if (udp.checksum.value() == 0) {
        return std::is_same_v<Header, Ipv4Header>;
    }
    const std::span bytes{reinterpret_cast<const std::uint8_t*>(&udp), length};
    return fold(raw_sum(bytes, pseudo(ip, static_cast<std::uint32_t>(length)))) == 0xFFFF;
}

template <typename Header>
void turn_round(Header& ip, UdpHeader& udp, std::size_t length) noexcept {
    std::swap(ip.source, ip.destination);
    std::swap(udp.source_port, udp.destination_port);
    set_hops(ip);
    udp.checksum = Be16{0};
    const std::span bytes{reinterpret_cast<const std::uint8_t*>(&udp), length};
    const auto sum = static_cast<std::uint16_t>(~fold(raw_sum(bytes, pseudo(ip, static_cast<std::uint32_t>(length)))));
    udp.checksum = Be16::from_raw(sum == 0 ? std::uint16_t{0xFFFF} : sum);
}

template <typename Address>
Verdict reflect(Burst& burst, unsigned lane, const StampReflector& reflector, const Fleet* fleet,
                Instant now) noexcept {
    auto& ip = header_at<typename FamilyOf<Address>::Header>(burst.ip[lane]);
    auto& udp = header_at<UdpHeader>(burst.l4[lane]);
    const std::size_t length = burst.ip_length[lane] - static_cast<std::size_t>(burst.l4[lane] - burst.ip[lane]);
    const std::span probe{burst.l4[lane] + sizeof(UdpHeader), length - sizeof(UdpHeader)};
    const IpAddress source{ip.source};
    if (!reflector.answers(source) && !(reflector.nodes && is_node(fleet, probe, source))) {
        return Verdict::probe_stranger;
    }
    const StampInstant wall = reflector.wall_time(now);
    // A burst has one time: what a reply waited inside it is below the resolution that its error estimate tells.
    if (may_answer_again(udp.source_port.value()) || !is_sound(ip, udp, length) ||
        !reflect_stamp(probe, hops_of(ip), wall, wall)) {
        return Verdict::probe_malformed;
    }
    turn_round(ip, udp, length);
    return Verdict::pending;
}

// What came from the peer of a session to its port.
template <typename Address>
Verdict take_answer(const Burst& burst, unsigned lane, StampBoard& board, Instant now) noexcept {
    const auto& ip = header_at<typename FamilyOf<Address>::Header>(burst.ip[lane]);
    const auto& udp = header_at<UdpHeader>(burst.l4[lane]);
    const std::size_t length = burst.ip_length[lane] - static_cast<std::size_t>(burst.l4[lane] - burst.ip[lane]);
    const auto answer = is_sound(ip, udp, length)
                            ? read_stamp_reply({burst.l4[lane] + sizeof(UdpHeader), length - sizeof(UdpHeader)})
                            : std::nullopt;
    if (!answer) {
        return Verdict::probe_malformed;
    }
    board.pin(udp.destination_port.value(), *answer, now);
    return Verdict::probe_answer;
}

template <typename Address>
void reflect_family(Burst& burst, LaneList& lanes, LcoreState& lcore, const Fleet* fleet, Instant now) noexcept {
    const Shared& shared = lcore.shared;
    LaneList stay;
    for (const unsigned lane : lanes) {
        const auto& ip = header_at<typename FamilyOf<Address>::Header>(burst.ip[lane]);
        const auto& udp = header_at<UdpHeader>(burst.l4[lane]);
        const std::uint16_t port = udp.destination_port.value();
        const bool is_probe = port == kStampPort && !shared.stamp.is_off();
        const bool to_us = protocol_of(ip) == IpProtocol::udp && (is_probe || StampBoard::is_source(port)) &&
                           shared.interfaces.is_own(IpAddress{ip.destination});
        if (to_us && is_probe) {
            burst.verdict[lane] = reflect<Address>(burst, lane, shared.stamp, fleet, now);
            if (burst.verdict[lane] == Verdict::pending) {
                burst.bounce.add(lane);
            }
        } else if (to_us && shared.stamp_board.expects(IpAddress{ip.source}, udp.source_port.value(), port)) {
            burst.verdict[lane] = take_answer<Address>(burst, lane, shared.stamp_board, now);
        } else {
            stay.add(lane);
        }
    }
    lanes = stay;
}

}  // namespace

void reflect_probes(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    if (lcore.shared.stamp.is_off() && !lcore.shared.stamp_board.any_open()) {
        return;
    }
    reflect_family<Ipv4Address>(burst, burst.ipv4, lcore, published.fleet.get(), now);
    reflect_family<Ipv6Address>(burst, burst.ipv6, lcore, published.fleet.get(), now);
}

}  // namespace izar
