// hex.h -- Hex digits of published test vectors as bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/security/secret_bytes.h"

namespace izar {

// Spaces are ignored, so that vectors may be grouped as their source prints them.
inline std::vector<std::uint8_t> from_hex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::vector<std::uint8_t> out;
    int high = -1;
    for (const char c : text) {
        if (c == ' ') {
            continue;
        }
        const std::size_t digit = kDigits.find(c);
        CHECK(digit != std::string_view::npos);
        if (high < 0) {
            high = static_cast<int>(digit);
        } else {
            out.push_back(static_cast<std::uint8_t>(high << 4 | static_cast<int>(digit)));
            high = -1;
        }
    }
    CHECK(high < 0);
    return out;
}

template <std::size_t N>
SecretBytes<N> secret_from_hex(std::string_view text) {
    const auto bytes = from_hex(text);
    CHECK(bytes.size() == N);
    return SecretBytes<N>{std::span<const std::uint8_t, N>{bytes.data(), N}};
}

inline std::vector<std::uint8_t> to_vector(ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace izar
