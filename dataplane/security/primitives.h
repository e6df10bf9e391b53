// primitives.h -- The cryptographic functions that handshake and key schedule are made of, on OpenSSL 3.
//
// Thread: pure functions; any thread. For messages between schedulers, a few a second: packets are sealed
//         by aead.h.
//
// What cannot fail by its inputs (a hash, a derivation) returns its result, and a failure inside OpenSSL is a
// CHECK. What depends on bytes from outside returns bool.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/security/secret_bytes.h"

namespace izar {

inline constexpr std::size_t kHashLength = 32;
inline constexpr std::size_t kPublicKeyLength = 32;
inline constexpr std::size_t kSealTagLength = 16;

using Hash = std::array<std::uint8_t, kHashLength>;
using PublicKey = std::array<std::uint8_t, kPublicKeyLength>;

// Randomness of the operating system, for `main` functions to pass on.
void fill_random(std::span<std::uint8_t> out) noexcept;

// SHA-256 of `first` followed by `second`.
Hash sha256(ByteView first, ByteView second = {}) noexcept;

// HMAC-SHA256 (RFC 2104).
Secret hmac_sha256(ByteView key, ByteView data) noexcept;

// HKDF-SHA256 (RFC 5869). `info` is at most kLongestInfo bytes, `out` at most 255 hashes.
inline constexpr std::size_t kLongestInfo = 128;
Secret hkdf_extract(ByteView salt, ByteView key) noexcept;
void hkdf_expand(const Secret& key, ByteView info, std::span<std::uint8_t> out) noexcept;

// X25519 (RFC 7748).
struct KeyPair {
    Secret secret;
    PublicKey public_key{};
};
KeyPair key_pair_of(const Secret& secret) noexcept;
// False if the peer's key is one of the points that give a shared secret of zero.
bool shared_secret(const Secret& own, const PublicKey& peer, Secret& out) noexcept;

// AES-256-GCM as Noise uses it: the nonce is four zero bytes and `counter`, big-endian. `out` gets
// plain.size() + kSealTagLength bytes.
void seal_message(const Secret& key, std::uint64_t counter, ByteView associated, ByteView plain,
                  std::span<std::uint8_t> out) noexcept;
// `out` gets sealed.size() - kSealTagLength bytes; false, and `out` wiped, if the tag is not right.
bool open_message(const Secret& key, std::uint64_t counter, ByteView associated, ByteView sealed,
                  std::span<std::uint8_t> out) noexcept;

}  // namespace izar
