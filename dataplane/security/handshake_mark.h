// handshake_mark.h -- The mark of a handshake message: three bytes that only who has the link's secret can write.
//
// Thread: any, with the Aead of its own. Allocates nothing.
//
// Reading a handshake takes 50 to 350 microseconds, and anybody who guesses two addresses can send one. So an lcore
// looks at the mark, in 0.15 microseconds, before a message gets into a ring. It proves nothing: a message that
// somebody has seen may be sent again with its mark, and one of 2^24 random ones passes. It only keeps those out who do
// not see the link.
//
//   key of the mark = HKDF-Expand(link secret, "izar handshake mark", 16); salt likewise, "izar handshake mark salt", 4
//   mark = the first three bytes of the AES-128-GCM tag over the message with three zeros for the mark, no text; nonce:
//          salt, then the first 8 bytes of the message's ephemeral public key
#pragma once

#include "dataplane/security/aead.h"
#include "dataplane/security/secret_bytes.h"
#include "dataplane/wire/handshake_message.h"

namespace izar {

// What Aead::expand makes the key of marks from.
TrafficKey mark_key_of(const Secret& link_secret) noexcept;

void put_mark(HandshakeMessage& message, const AeadKey& key, Aead& aead) noexcept;
bool has_mark(const HandshakeMessage& message, const AeadKey& key, Aead& aead) noexcept;

}  // namespace izar
