// token.h -- One-time tokens: a text an operator pastes, of which the store keeps only a hash.
//
// A token reads "izar1-ID-SECRET": ID is 8 public bytes to look it up by, SECRET 24 secret ones, both in hexadecimal.
// The secret has 192 random bits, so a plain SHA-256 of it is enough at rest: there is nothing to guess.
//
// Thread: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"

namespace izar {

inline constexpr std::size_t kTokenIdBytes = 8;
inline constexpr std::size_t kTokenSecretBytes = 24;
using TokenRandom = std::array<std::uint8_t, kTokenIdBytes + kTokenSecretBytes>;

// Text of a token made of these bytes, which the caller took from the system's generator.
std::string new_token(const TokenRandom& random);

struct TokenParts {
    std::string id;        // 16 hexadecimal digits
    Digest secret_hash{};  // SHA-256 of the secret half as it stands in the text
};

Result<TokenParts> parse_token(std::string_view text);

// In a time that does not depend on where the two differ.
bool same_digest(const Digest& a, const Digest& b);

Digest sha256(std::string_view bytes);
std::string hex_text(std::string_view bytes);
std::string digest_text(const Digest& digest);  // 64 hexadecimal digits
Digest parse_digest(std::string_view text);     // of digest_text's own; anything else gives a digest of nothing

}  // namespace izar
