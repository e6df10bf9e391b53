#include "dataplane/wire/checksum.h"

#include <cstring>

namespace izar {

std::uint32_t raw_sum(std::span<const std::uint8_t> bytes, std::uint32_t start) noexcept {
    std::uint64_t sum = start;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 4; at += 4, left -= 4) {
        std::uint32_t word;
        std::memcpy(&word, at, sizeof word);
        sum += word;
    }
    if (left >= 2) {
        std::uint16_t half;
        std::memcpy(&half, at, sizeof half);
        sum += half;
        at += 2;
        left -= 2;
    }
    if (left == 1) {
        sum += *at;
    }
    sum = (sum & 0xFFFFFFFF) + (sum >> 32);
    sum = (sum & 0xFFFFFFFF) + (sum >> 32);
    return fold(static_cast<std::uint32_t>(sum));
}

std::uint32_t pseudo_sum(const Ipv4Header& ip, std::uint32_t length) noexcept {
    const std::uint8_t tail[4] = {0, static_cast<std::uint8_t>(ip.protocol), static_cast<std::uint8_t>(length >> 8),
                                  static_cast<std::uint8_t>(length)};
    const auto* addresses = reinterpret_cast<const std::uint8_t*>(&ip.source);
    return raw_sum({addresses, 8}, raw_sum(tail));
}

std::uint32_t pseudo_sum(const Ipv6Header& ip, IpProtocol protocol, std::uint32_t length) noexcept {
    const Be32 tail[2] = {Be32{length}, Be32{static_cast<std::uint32_t>(protocol)}};
    const auto* addresses = reinterpret_cast<const std::uint8_t*>(&ip.source);
    return raw_sum({addresses, 32}, raw_sum({reinterpret_cast<const std::uint8_t*>(tail), sizeof tail}));
}

void set_ipv4_checksum(Ipv4Header& ip) noexcept {
    ip.checksum = Be16{0};
    const std::uint32_t sum = raw_sum({reinterpret_cast<const std::uint8_t*>(&ip), sizeof ip});
    ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~fold(sum)));
}

std::uint16_t checksum_delta(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after) noexcept {
    const auto minus = static_cast<std::uint16_t>(~fold(raw_sum(before)));
    return fold(std::uint32_t{minus} + fold(raw_sum(after)));
}

}  // namespace izar
