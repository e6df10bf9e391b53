// checksum.h -- Internet checksums: whole sums (RFC 1071) and incremental updates (RFC 1624).
//
// All 16-bit sums here are "raw": computed over bytes as they lie in memory, so no swapping is needed
// (RFC 1071 section 2.B).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/wire/headers.h"

namespace izar {

// One's-complement sum of `bytes`, unfolded and added to `start`; an odd last byte counts as if followed by 0.
std::uint32_t raw_sum(std::span<const std::uint8_t> bytes, std::uint32_t start = 0) noexcept;

constexpr std::uint16_t fold(std::uint32_t sum) noexcept {
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

// Sum of the pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1) for `length` bytes of `protocol`.
std::uint32_t pseudo_sum(const Ipv4Header& ip, std::uint32_t length) noexcept;
std::uint32_t pseudo_sum(const Ipv6Header& ip, IpProtocol protocol, std::uint32_t length) noexcept;

// Fills in the checksum of an IPv4 header of 20 bytes.
void set_ipv4_checksum(Ipv4Header& ip) noexcept;

// A checksum delta: what must be added to a header's checksum when `before` is replaced by `after`.
// Deltas add up with add_deltas, so one flow's whole rewrite is a single 16-bit number.
// RFC 1624 equation 3: HC' = ~(~HC + ~m + m').
std::uint16_t checksum_delta(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after) noexcept;

constexpr std::uint16_t add_deltas(std::uint16_t a, std::uint16_t b) noexcept {
    return fold(std::uint32_t{a} + b);
}

// The checksum after `delta` is applied to it.
inline Be16 apply_delta(Be16 checksum, std::uint16_t delta) noexcept {
    const std::uint16_t complement = static_cast<std::uint16_t>(~checksum.raw_bits());
    return Be16::from_raw(static_cast<std::uint16_t>(~fold(std::uint32_t{complement} + delta)));
}

}  // namespace izar
