#include "dataplane/wire/overlay.h"

namespace izar {
namespace {

constexpr std::uint8_t kOptionWords = (sizeof(OverlayHeader) - sizeof(GeneveHeader)) / 4;
constexpr std::uint8_t kOptionBodyWords = kOptionWords - 1;
static_assert(kOptionWords == 9);

}  // namespace

OverlayFault check_overlay_header(std::span<const std::uint8_t> payload) noexcept {
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

void write_overlay_template(OverlayHeader& header, NodeId sender) noexcept {
    header = OverlayHeader{};
    header.geneve.version_option_length = kOptionWords;
    header.geneve.flags = kGeneveCritical;
    header.option_class = Be16{kOptionClass};
    header.option_type = kOptionType;
    header.option_length = kOptionBodyWords;
    header.sender = Be16{raw(sender)};
}

Nanos rtt_sample(const OverlayHeader& header, Instant now) noexcept {
    const std::uint32_t hold = header.t_hold.value();
    if (hold > kLongestHoldForRtt) {
        return Nanos{-1};
    }
    // A link slower than 2^31 ns is none that we use: such a difference is an old echo, not an RTT.
    const auto rtt = static_cast<std::int32_t>(low_clock(now) - header.t_echo.value() - hold);
    return Nanos{rtt};
}

}  // namespace izar
