// handshake_message.h -- Handshake: the control message by which two nodes agree on fresh keys for their link.
//
// The only control message that travels in the clear on an encrypted link: key epoch kClearEpoch, O bit, VNI 0, payload
// type kEtherTypeSealed. The payload inside is what Noise encrypts (dataplane/security/noise.h).
//
//   offset  bytes  field
//        0      1  kind (ControlKind::handshake)
//        1      1  version, kControlVersion
//        2      2  length of the whole message in bytes, always 104
//        4      1  number of the message: 1 from the initiator, 2 from the responder
//        5      3  mark: shows lcores that a holder of the link's secret made it (dataplane/security/handshake_mark.h)
//        8     32  ephemeral public key
//       40     48  HandshakePayload, encrypted
//       88     16  authentication tag
//
// HandshakePayload:
//        0     16  boot id of the sender: random bits of one process life
//       16     16  boot id of the receiver, as far as the sender knows it; message 2 always knows it
//       32      8  attempt: grows with every message 1 of a process life; message 2 repeats it
//       40      1  lcores of the sender: how many counters its packet numbers have
//       41      1  sessions: in message 1 a bit for each session number in use at the sender, in message 2 the number
//                  that the new session has
//       42      6  reserved, sent as 0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/byte_order.h"
#include "dataplane/wire/control.h"

namespace izar {

// The key epoch of packets that no key protects: handshakes. No session has number 7, so no key has this epoch.
inline constexpr std::uint8_t kClearEpoch = 0xFF;

using HandshakeMark = std::array<std::uint8_t, 3>;
using BootId = std::array<std::uint8_t, 16>;

struct HandshakePayload {
    BootId boot;
    BootId peer_boot;
    Be64 attempt;
    std::uint8_t lcores;
    std::uint8_t sessions;
    std::array<std::uint8_t, 6> reserved;
};
static_assert(sizeof(HandshakePayload) == 48 && alignof(HandshakePayload) == 1);

inline constexpr std::size_t kNoiseMessageLength = 32 + sizeof(HandshakePayload) + 16;

struct HandshakeMessage {
    ControlKind kind;
    std::uint8_t version;
    Be16 length;
    std::uint8_t number;
    HandshakeMark mark;
    std::array<std::uint8_t, kNoiseMessageLength> noise;
};
static_assert(sizeof(HandshakeMessage) == 104 && alignof(HandshakeMessage) == 1);
static_assert(offsetof(HandshakeMessage, noise) == 8);

}  // namespace izar
