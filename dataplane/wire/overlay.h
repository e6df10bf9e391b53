// overlay.h -- The overlay header: GENEVE plus the one izar option, 44 bytes on every packet.
//
// This is the only definition of that layout; docs/wire.md is its picture for readers.
//
//   offset  bytes  field
//        0      8  GENEVE header: version 0, option length 9 words, C bit, VNI = service id
//        8      4  option header: class 0xFF1A, type 0x80|1 (critical), length 8 words
//       12      4  t_tx      sender's clock when this packet left, low 32 bits of nanoseconds
//       16      4  t_echo    the last t_tx the sender heard from the receiver
//       20      4  t_hold    how long ago that was, saturated; kNothingToEcho = nothing heard
//       24      8  packet number: sending lcore in the top byte, a counter below
//       32      2  sender    node id of the hop that sent this packet
//       34      2  ingress   node id of the node where the flow's client is attached
//       36      4  remaining segments after the receiver: two node ids, kNoNode-padded
//       40      1  key epoch
//       41      1  flags (OverlayFlag)
//       42      2  reserved: sent as 0, ignored on receipt
//       44         inner IP packet, or a control message if the O bit is set
//
// Exactly these 44 bytes are the associated data once a link is encrypted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/types.h"
#include "dataplane/wire/headers.h"

namespace izar {

inline constexpr std::uint16_t kOptionClass = 0xFF1A;  // experimental range, RFC 8926 section 7
inline constexpr std::uint8_t kOptionType = 0x81;      // critical bit | 1

struct OverlayHeader {
    GeneveHeader geneve;
    Be16 option_class;
    std::uint8_t option_type;
    std::uint8_t option_length;  // 3 reserved bits, 5 bits of length in 4-byte units
    Be32 t_tx;
    Be32 t_echo;
    Be32 t_hold;
    Be64 packet_number;
    Be16 sender;
    Be16 ingress;
    std::array<Be16, 2> remaining;
    std::uint8_t key_epoch;
    std::uint8_t flags;
    Be16 reserved;
};
static_assert(sizeof(OverlayHeader) == 44 && alignof(OverlayHeader) == 1);
static_assert(offsetof(OverlayHeader, t_tx) == 12);
static_assert(offsetof(OverlayHeader, packet_number) == 24);
static_assert(offsetof(OverlayHeader, remaining) == 36);

inline constexpr std::uint8_t kOptionWords = (sizeof(OverlayHeader) - sizeof(GeneveHeader)) / 4;
inline constexpr std::uint8_t kOptionBodyWords = kOptionWords - 1;
static_assert(kOptionWords == 9);

enum OverlayFlag : std::uint8_t {
    kFlagRepaired = 0x01,      // a relay replaced the remaining segments once already
    kFlagSecondChance = 0x02,  // an egress without session passed it to the previous choice
    kFlagDuplicate = 0x04,     // a second copy travels on a disjoint path
    kFlagReply = 0x08,         // origin -> client: the last segment is the ingress, which only delivers
};

// t_hold values with a meaning of their own.
inline constexpr std::uint32_t kNothingToEcho = 0xFFFFFFFF;
inline constexpr std::uint32_t kHoldSaturated = 0xFFFFFFFE;
inline constexpr std::uint32_t kLongestHoldForRtt = 1'000'000'000;  // above, t_hold is no RTT sample

inline constexpr unsigned kPacketNumberLcoreShift = 56;

// Bytes that the overlay adds between the inner IP packet and the outer Ethernet header. The 16 bytes
// of the AES-GCM tag are always counted, so that a path's MTU does not depend on the security mode.
inline constexpr std::size_t kTagLength = 16;
constexpr std::size_t overlay_overhead(Family underlay) noexcept {
    const std::size_t ip = underlay == Family::ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
    return ip + sizeof(UdpHeader) + sizeof(OverlayHeader) + kTagLength;
}
static_assert(overlay_overhead(Family::ipv4) == 88);
static_assert(overlay_overhead(Family::ipv6) == 108);

constexpr std::uint32_t vni_of(ServiceId service) noexcept {
    return raw(service) & 0x00FFFFFF;
}
inline ServiceId service_of(const GeneveHeader& header) noexcept {
    return ServiceId{header.vni_reserved.value() >> 8};
}

enum class OverlayFault : std::uint8_t {
    none,
    too_short,  // less than 44 bytes
    version,    // GENEVE version is not 0
    option,     // option area is not exactly our one option
    protocol,   // payload type is not 0x0800, 0x86DD or 0x88B5
};

// Validates the fixed fields of the overlay header at the start of `payload` (the UDP payload). The
// caller may then read it as an OverlayHeader in place. Sender, segments and time are not judged.
inline OverlayFault check_overlay_header(std::span<const std::uint8_t> payload) noexcept {
    if (payload.size() < sizeof(OverlayHeader)) {
        return OverlayFault::too_short;
    }
    const auto& header = *reinterpret_cast<const OverlayHeader*>(payload.data());
    if ((header.geneve.version_option_length & 0xC0) != 0) {
        return OverlayFault::version;
    }
    if (header.geneve.version_option_length != kOptionWords || header.option_class.value() != kOptionClass ||
        header.option_type != kOptionType || (header.option_length & 0x1F) != kOptionBodyWords) {
        return OverlayFault::option;
    }
    const std::uint16_t protocol = header.geneve.protocol.value();
    if (protocol != kEtherTypeIpv4 && protocol != kEtherTypeIpv6 && protocol != kEtherTypeSealed) {
        return OverlayFault::protocol;
    }
    return OverlayFault::none;
}

// Writes every field that is the same for all packets of a link; the seal stage fills the rest.
void write_overlay_template(OverlayHeader& header, NodeId sender) noexcept;

inline std::uint32_t low_clock(Instant t) noexcept {
    return static_cast<std::uint32_t>(t.time_since_epoch().count());
}

// RTT of the link that a received header tells: now - t_echo - t_hold in 32-bit arithmetic, and only
// if there was something to echo and it was held at most kLongestHoldForRtt. Negative Nanos = no sample.
inline Nanos rtt_sample(const OverlayHeader& header, Instant now) noexcept {
    const std::uint32_t hold = header.t_hold.value();
    if (hold > kLongestHoldForRtt) {
        return Nanos{-1};
    }
    // A link slower than 2^31 ns is none that we use: such a difference is an old echo, not an RTT.
    const auto rtt = static_cast<std::int32_t>(low_clock(now) - header.t_echo.value() - hold);
    return Nanos{rtt};
}

}  // namespace izar
