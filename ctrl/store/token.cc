#include "ctrl/store/token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace izar {
namespace {

constexpr std::string_view kPrefix = "izar1-";
constexpr std::size_t kIdDigits = 2 * kTokenIdBytes;
constexpr std::size_t kSecretDigits = 2 * kTokenSecretBytes;

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string_view as_text(const std::uint8_t* bytes, std::size_t length) {
    return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace

std::string hex_text(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 0xF];
    }
    return out;
}

std::string digest_text(const Digest& digest) {
    return hex_text(as_text(digest.data(), digest.size()));
}

Digest parse_digest(std::string_view text) {
    Digest out{};
    if (text.size() != 2 * out.size() || !is_hex(text)) {
        return out;
    }
    const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    }
    return out;
}

Digest sha256(std::string_view bytes) {
    Digest digest;
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

bool same_digest(const Digest& a, const Digest& b) {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string new_token(const TokenRandom& random) {
    std::string out{kPrefix};
    out += hex_text(as_text(random.data(), kTokenIdBytes));
    out += '-';
    out += hex_text(as_text(random.data() + kTokenIdBytes, kTokenSecretBytes));
    return out;
}

Result<TokenParts> parse_token(std::string_view text) {
    const bool right_length = text.size() == kPrefix.size() + kIdDigits + 1 + kSecretDigits;
    if (!right_length || !text.starts_with(kPrefix)) {
        return fail("this is not a token; paste the whole line that 'izar token create' printed");
    }
    const std::string_view id = text.substr(kPrefix.size(), kIdDigits);
    const std::string_view secret = text.substr(kPrefix.size() + kIdDigits + 1);
    if (text[kPrefix.size() + kIdDigits] != '-' || !is_hex(id) || !is_hex(secret)) {
        return fail("this token was damaged on its way; paste the whole line that 'izar token create' printed");
    }
    return TokenParts{.id = std::string(id), .secret_hash = sha256(secret)};
}

}  // namespace izar
