#include "dataplane/stages/seal_overlay.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/stages/duplicate.h"
#include "dataplane/stages/frame.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

struct Echo {
    std::uint32_t t_echo;
    std::uint32_t t_hold;
};

// What to echo on a link: the peer's newest t_tx and how long ago it came, by the 64-bit clock so that an
// old echo saturates instead of wrapping into a plausible one.
Echo echo_of(std::uint64_t word, const LinkCell& cell, Instant now) noexcept {
    if (word == 0) {
        return {0, kNothingToEcho};
    }
    const std::int64_t silent = now.time_since_epoch().count() - cell.last_heard.load(std::memory_order_relaxed);
    const auto t_echo = static_cast<std::uint32_t>(word >> 32);
    if (silent > std::int64_t{kLongestHoldForRtt}) {
        return {t_echo, static_cast<std::uint32_t>(std::min<std::int64_t>(silent, kHoldSaturated))};
    }
    const std::uint32_t hold = low_clock(now) - static_cast<std::uint32_t>(word);
    return {t_echo, std::min(hold, kHoldSaturated)};
}

// Brings the times in the link's template up to now; of the packets of a round only the first has to.
void stamp_times(LinkTemplate& link, const LinkCell& cell, Instant now) noexcept {
    const std::uint64_t word = cell.echo.load(std::memory_order_relaxed);
    if (link.stamped == now && link.stamped_echo == word) {
        return;
    }
    const Echo echo = echo_of(word, cell, now);
    OverlayHeader& header = link.header();
    header.t_tx = Be32{low_clock(now)};
    header.t_echo = Be32{echo.t_echo};
    header.t_hold = Be32{echo.t_hold};
    link.stamped = now;
    link.stamped_echo = word;
}

void set_length(Ipv4Header& ip, std::uint16_t total) noexcept {
    ip.total_length = Be16{total};
    ip.checksum = apply_delta(ip.checksum, ip.total_length.raw_bits());
}

void set_length(Ipv6Header& ip, std::uint16_t total) noexcept {
    ip.payload_length = Be16{static_cast<std::uint16_t>(total - sizeof(Ipv6Header))};
}

// Puts the link's headers in front of the inner packet and fills in what the outer IP and UDP say of it. Only the
// bytes that are sent are copied: one more would touch a cache line that nobody has loaded.
template <typename OuterIp>
void stamp(rte_mbuf* m, const LinkTemplate& link, std::uint16_t entropy) noexcept {
    constexpr std::size_t kLength = sizeof(OuterIp) + sizeof(UdpHeader) + sizeof(OverlayHeader);
    std::uint8_t* const start = prepend(m, kLength);
    std::memcpy(start, link.block.data() + kTemplateBlock - kLength, kLength);
    set_length(header_at<OuterIp>(start), m->data_len);
    auto& udp = header_at<UdpHeader>(start + sizeof(OuterIp));
    udp.source_port = Be16{static_cast<std::uint16_t>(kFirstOuterPort | (entropy & 0x3FFF))};
    udp.length = Be16{static_cast<std::uint16_t>(m->data_len - sizeof(OuterIp))};
}

}  // namespace

void seal(rte_mbuf* m, const SealRequest& request, LinkTemplate& link, const LinkCell& cell, Instant now) noexcept {
    auto* const inner = rte_pktmbuf_mtod(m, std::uint8_t*);
    stamp_times(link, cell, now);
    if (link.underlay == Family::ipv4) {
        stamp<Ipv4Header>(m, link, request.entropy);
    } else {
        stamp<Ipv6Header>(m, link, request.entropy);
    }
    auto& header = header_at<OverlayHeader>(inner - sizeof(OverlayHeader));
    header.geneve.flags |= request.geneve_flags;
    header.geneve.protocol = Be16{request.protocol};
    header.geneve.vni_reserved = Be32{vni_of(request.service) << 8};
    header.packet_number = Be64{link.next_packet++};
    header.ingress = Be16{raw(request.ingress)};
    header.remaining = {Be16{raw(request.path.segments[1])}, Be16{raw(request.path.segments[2])}};
    header.flags = request.overlay_flags;
}

namespace {

// Packets of a burst that have their header and wait for encryption.
struct Unsealed {
    std::array<AeadPacket, kMaxBurst> packet;
    std::size_t size = 0;
};

// Makes room for the tag and writes the header under the link's key; the packet is then to be encrypted (pending).
// Otherwise the verdict says what is missing.
Verdict seal_under_key(rte_mbuf* m, SealRequest request, NodeSlot slot, LcoreState& lcore, Instant now,
                       AeadPacket& out) noexcept {
    const AeadKey* const key = lcore.security.keys->send(slot);
    if (key == nullptr) {
        return Verdict::no_key;
    }
    auto* const text = rte_pktmbuf_mtod(m, std::uint8_t*);
    const std::uint16_t length = m->data_len;
    if (!extend(m, kTagLength)) {
        return Verdict::segmented;
    }
    request.protocol = kEtherTypeSealed;
    seal(m, request, lcore.sender.link(slot), lcore.shared.links.cell(slot), now);
    auto& header = header_at<OverlayHeader>(text - sizeof(OverlayHeader));
    header.key_epoch = key->epoch_byte();
    out = {key, header.packet_number.value(), text - sizeof(OverlayHeader), text, sizeof(OverlayHeader), length};
    return Verdict::pending;
}

void seal_lane(Burst& burst, unsigned lane, LcoreState& lcore, Instant now, Unsealed& unsealed) noexcept {
    const Path& path = burst.path[lane];
    LinkTemplate& link = lcore.sender.link(path.first_link);
    if (link.port == kNoPort) {
        burst.verdict[lane] = Verdict::no_next_hop;
        return;
    }
    const bool tagged = (burst.overlay_flags[lane] & kFlagDuplicate) != 0;
    const bool bare_ip = !tagged && burst.service[lane] != kNoService;
    const std::uint16_t plain = family_of(burst.ip[lane]) == Family::ipv4 ? kEtherTypeIpv4 : kEtherTypeIpv6;
    const std::uint16_t protocol = bare_ip ? plain : kEtherTypeSealed;
    const SealRequest request = seal_request(burst, lane, path, protocol);
    if (lcore.security.keys == nullptr) {
        seal(burst.mbuf[lane], request, link, lcore.shared.links.cell(path.first_link), now);
    } else {
        burst.verdict[lane] =
            seal_under_key(burst.mbuf[lane], request, path.first_link, lcore, now, unsealed.packet[unsealed.size]);
        if (burst.verdict[lane] != Verdict::pending) {
            return;
        }
        ++unsealed.size;
    }
    lcore.shared.links.counters(lcore.index, path.first_link).count_sent(burst.mbuf[lane]->data_len);
    burst.neighbor[lane] = link.neighbor;
    burst.port[lane] = link.port;
    burst.address.add(lane);
}

}  // namespace

bool seal_alone(rte_mbuf* m, const SealRequest& request, NodeSlot link, LcoreState& lcore, Instant now) noexcept {
    if (lcore.security.keys == nullptr) {
        seal(m, request, lcore.sender.link(link), lcore.shared.links.cell(link), now);
        return true;
    }
    AeadPacket packet;
    if (seal_under_key(m, request, link, lcore, now, packet) != Verdict::pending) {
        return false;
    }
    lcore.security.aead->seal({&packet, 1});
    return true;
}

void seal_handshake(rte_mbuf* m, const SealRequest& request, NodeSlot link, LcoreState& lcore, Instant now) noexcept {
    auto* const message = rte_pktmbuf_mtod(m, std::uint8_t*);
    seal(m, request, lcore.sender.link(link), lcore.shared.links.cell(link), now);
    header_at<OverlayHeader>(message - sizeof(OverlayHeader)).key_epoch = kClearEpoch;
}

// Flat, because a call of seal() would put the request for every packet into memory to read it back at once.
[[gnu::flatten]] void seal_overlay(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    Unsealed unsealed;
    for (const unsigned lane : burst.seal) {
        if ((burst.overlay_flags[lane] & kFlagDuplicate) != 0) [[unlikely]] {
            send_second_copy(burst, lane, lcore, published, now);
        }
        seal_lane(burst, lane, lcore, now, unsealed);
    }
    for (const unsigned lane : burst.relay) {
        seal_lane(burst, lane, lcore, now, unsealed);
    }
    if (unsealed.size != 0) {
        lcore.security.aead->seal(std::span{unsealed.packet}.first(unsealed.size));
    }
    burst.seal.clear();
    burst.relay.clear();
}

}  // namespace izar
