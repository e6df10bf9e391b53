// noise.h -- Noise_NNpsk0_25519_AESGCM_SHA256: two messages that turn a shared secret into fresh traffic keys.
//
// Thread: one owner; pure functions of their inputs, randomness included.
// Source: The Noise Protocol Framework, revision 34, sections 5 (processing), 7.4 (NN) and 9 (psk modifiers).
//
//   -> psk, e      message 1: ephemeral key of the initiator, payload encrypted under the secret
//   <- e, ee       message 2: ephemeral key of the responder, payload encrypted under secret and agreement
//
// Message 1 can be read, and so its sender known to hold the secret, before any agreement is computed: what a stranger
// makes us spend is two hashes and one decryption. It can be replayed; handshake.h says what is done about that.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/security/primitives.h"

namespace izar {

// ByteView that a message has more than its payload.
inline constexpr std::size_t kNoiseOverhead = kPublicKeyLength + kSealTagLength;

// What both ends have at the end: one secret for each direction.
struct NoiseSecrets {
    Secret from_initiator;
    Secret from_responder;
};

// One side of one handshake. Calls come in the order of the messages; a copy is a fork of the state.
class Noise {
  public:
    // `prologue` is what both ends must agree on beforehand; a message read under another one is not authentic.
    Noise(ByteView prologue, const Secret& psk) noexcept;

    // The initiator's side. `out` gets payload.size() + kNoiseOverhead bytes.
    void write_first(const KeyPair& own, ByteView payload, std::span<std::uint8_t> out) noexcept;
    bool read_second(ByteView message, std::span<std::uint8_t> payload) noexcept;

    // The responder's side. `payload` gets message.size() - kNoiseOverhead bytes.
    bool read_first(ByteView message, std::span<std::uint8_t> payload) noexcept;
    bool write_second(const KeyPair& own, ByteView payload, std::span<std::uint8_t> out) noexcept;

    // After both messages.
    NoiseSecrets split() const noexcept;
    const Hash& transcript() const noexcept { return hash_; }

  private:
    void mix_hash(ByteView data) noexcept;
    void mix_key(ByteView data) noexcept;
    void mix_ephemeral(const PublicKey& key) noexcept;
    void seal_and_hash(ByteView plain, std::span<std::uint8_t> out) noexcept;
    bool open_and_hash(ByteView sealed, std::span<std::uint8_t> out) noexcept;

    Hash hash_;                  // h: of everything said so far
    Secret chaining_;            // ck
    Secret key_;                 // k
    std::uint64_t counter_ = 0;  // n
    KeyPair own_;                // e
    PublicKey peer_{};           // re
};

}  // namespace izar
