#include "dataplane/security/handshake_mark.h"

#include <cstring>
#include <string_view>

#include "dataplane/security/primitives.h"

namespace izar {
namespace {

constexpr std::string_view kKeyLabel = "izar handshake mark";
constexpr std::string_view kSaltLabel = "izar handshake mark salt";

ByteView bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

HandshakeMark mark_of(HandshakeMessage message, const AeadKey& key, Aead& aead) noexcept {
    message.mark = {};
    Be64 nonce;  // the ephemeral key is never used twice, so this is not either
    std::memcpy(&nonce, message.noise.data(), sizeof nonce);
    std::array<std::uint8_t, kTagLength> tag;
    const AeadPacket packet{&key,       nonce.value(),  reinterpret_cast<const std::uint8_t*>(&message),
                            tag.data(), sizeof message, 0};
    aead.seal({&packet, 1});
    HandshakeMark out;
    std::memcpy(out.data(), tag.data(), out.size());
    return out;
}

}  // namespace

TrafficKey mark_key_of(const Secret& link_secret) noexcept {
    TrafficKey out;
    hkdf_expand(link_secret, bytes_of(kKeyLabel), out.key.writable());
    hkdf_expand(link_secret, bytes_of(kSaltLabel), out.salt);
    out.epoch_byte = kClearEpoch;
    return out;
}

void put_mark(HandshakeMessage& message, const AeadKey& key, Aead& aead) noexcept {
    message.mark = mark_of(message, key, aead);
}

bool has_mark(const HandshakeMessage& message, const AeadKey& key, Aead& aead) noexcept {
    return equal_in_constant_time(message.mark, mark_of(message, key, aead));
}

}  // namespace izar
