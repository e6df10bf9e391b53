#include "dataplane/stages/clamp_mss.h"

#include <algorithm>
#include <span>

#include "dataplane/stages/frame.h"
#include "dataplane/wire/checksum.h"

namespace izar {
namespace {

constexpr std::size_t kMssOptionLength = 4;

// The MSS option among a SYN's options, or nullptr.
std::uint8_t* find_mss(std::span<std::uint8_t> options) noexcept {
    std::size_t at = 0;
    while (at < options.size() && options[at] != kTcpOptionEnd) {
        if (options[at] == kTcpOptionNop) {
            ++at;
            continue;
        }
        if (at + 1 >= options.size() || options[at + 1] < 2 || at + options[at + 1] > options.size()) {
            return nullptr;
        }
        if (options[at] == kTcpOptionMss) {
            return options[at + 1] == kMssOptionLength ? &options[at] : nullptr;
        }
        at += options[at + 1];
    }
    return nullptr;
}

}  // namespace

void clamp_mss(std::uint8_t* ip, std::uint8_t* l4, std::uint16_t length, std::uint16_t inner_mtu) noexcept {
    auto& tcp = header_at<TcpHeader>(l4);
    const auto ip_header = static_cast<std::size_t>(l4 - ip);
    const std::size_t header = std::min<std::size_t>(tcp.header_length(), length - ip_header);
    std::uint8_t* const option = find_mss({l4 + sizeof(TcpHeader), header - sizeof(TcpHeader)});
    const std::size_t overhead = ip_header + sizeof(TcpHeader);
    if (option == nullptr || inner_mtu <= overhead) {
        return;
    }
    auto& mss = header_at<Be16>(option + 2);
    const Be16 fits{static_cast<std::uint16_t>(inner_mtu - overhead)};
    if (mss.value() <= fits.value()) {
        return;
    }
    // The option may lie at an odd offset; then its bytes count swapped in the checksum (RFC 1071 section 2.A).
    std::uint16_t delta =
        fold(static_cast<std::uint32_t>(static_cast<std::uint16_t>(~mss.raw_bits())) + fits.raw_bits());
    if ((option + 2 - l4) % 2 != 0) {
        delta = swap_bytes(delta);
    }
    tcp.checksum = apply_delta(tcp.checksum, delta);
    mss = fits;
}

}  // namespace izar
