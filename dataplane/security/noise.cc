#include "dataplane/security/noise.h"

#include <algorithm>
#include <string_view>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::string_view kProtocolName = "Noise_NNpsk0_25519_AESGCM_SHA256";
// A name that is as long as a hash is the first hash as it stands (section 5.2).
static_assert(kProtocolName.size() == kHashLength);

// HKDF of section 4.3 for two or three outputs: RFC 5869 with the chaining key as salt and empty info.
template <std::size_t Outputs>
SecretBytes<Outputs * kHashLength> noise_hkdf(const Secret& chaining, ByteView data) noexcept {
    SecretBytes<Outputs * kHashLength> out;
    hkdf_expand(hkdf_extract(chaining.view(), data), {}, out.writable());
    return out;
}

}  // namespace

Noise::Noise(ByteView prologue, const Secret& psk) noexcept {
    std::ranges::copy(kProtocolName, hash_.begin());
    chaining_ = Secret{std::span<const std::uint8_t, kHashLength>{hash_}};
    mix_hash(prologue);
    // The token `psk` comes before everything else: MixKeyAndHash (section 9.2).
    const auto mixed = noise_hkdf<3>(chaining_, psk.view());
    chaining_ = Secret{mixed.view().first<32>()};
    mix_hash(mixed.view().subspan<32, 32>());
    key_ = Secret{mixed.view().last<32>()};
    counter_ = 0;
}

void Noise::mix_hash(ByteView data) noexcept {
    hash_ = sha256(hash_, data);
}

void Noise::mix_key(ByteView data) noexcept {
    const auto mixed = noise_hkdf<2>(chaining_, data);
    chaining_ = Secret{mixed.view().first<32>()};
    key_ = Secret{mixed.view().last<32>()};
    counter_ = 0;
}

// With a psk, an ephemeral key also goes into the chaining key, so that no two handshakes share one (section 9.2).
void Noise::mix_ephemeral(const PublicKey& key) noexcept {
    mix_hash(key);
    mix_key(key);
}

void Noise::seal_and_hash(ByteView plain, std::span<std::uint8_t> out) noexcept {
    seal_message(key_, counter_++, hash_, plain, out);
    mix_hash(out);
}

bool Noise::open_and_hash(ByteView sealed, std::span<std::uint8_t> out) noexcept {
    if (!open_message(key_, counter_++, hash_, sealed, out)) {
        return false;
    }
    mix_hash(sealed);
    return true;
}

void Noise::write_first(const KeyPair& own, ByteView payload, std::span<std::uint8_t> out) noexcept {
    CHECK(out.size() == payload.size() + kNoiseOverhead);
    own_ = own;
    std::ranges::copy(own_.public_key, out.begin());
    mix_ephemeral(own_.public_key);
    seal_and_hash(payload, out.subspan(kPublicKeyLength));
}

bool Noise::read_first(ByteView message, std::span<std::uint8_t> payload) noexcept {
    CHECK(message.size() == payload.size() + kNoiseOverhead);
    std::ranges::copy(message.first(kPublicKeyLength), peer_.begin());
    mix_ephemeral(peer_);
    return open_and_hash(message.subspan(kPublicKeyLength), payload);
}

bool Noise::write_second(const KeyPair& own, ByteView payload, std::span<std::uint8_t> out) noexcept {
    CHECK(out.size() == payload.size() + kNoiseOverhead);
    own_ = own;
    std::ranges::copy(own_.public_key, out.begin());
    mix_ephemeral(own_.public_key);
    Secret agreed;
    if (!shared_secret(own_.secret, peer_, agreed)) {
        return false;
    }
    mix_key(agreed.view());
    seal_and_hash(payload, out.subspan(kPublicKeyLength));
    return true;
}

bool Noise::read_second(ByteView message, std::span<std::uint8_t> payload) noexcept {
    CHECK(message.size() == payload.size() + kNoiseOverhead);
    std::ranges::copy(message.first(kPublicKeyLength), peer_.begin());
    mix_ephemeral(peer_);
    Secret agreed;
    if (!shared_secret(own_.secret, peer_, agreed)) {
        return false;
    }
    mix_key(agreed.view());
    return open_and_hash(message.subspan(kPublicKeyLength), payload);
}

NoiseSecrets Noise::split() const noexcept {
    const auto both = noise_hkdf<2>(chaining_, {});
    return {Secret{both.view().first<32>()}, Secret{both.view().last<32>()}};
}

}  // namespace izar
