// marked_handshake.h -- A handshake message that nobody can read, with a mark that is right: it gets as far as the
// ring.
//
// Thread: any; a pure function.
#pragma once

#include <cstring>
#include <string>

#include "dataplane/security/handshake_mark.h"
#include "dataplane/security/secrets.h"
#include "tests/pipeline/packet_builder.h"

namespace izar {

// From node 1 to node 2 with these link secrets.
inline Bytes marked_handshake(const std::string& secrets) {
    HandshakeMessage message{};
    message.kind = ControlKind::handshake;
    message.version = kControlVersion;
    message.length = Be16{sizeof message};
    message.number = 1;
    const auto aead = Aead::make().value();
    AeadKey key;
    aead->expand(mark_key_of(LinkSecrets::parse(secrets, "test").value().of(NodeId{1}, NodeId{2}).secret[0]), key);
    put_mark(message, key, *aead);
    Bytes out(sizeof message);
    std::memcpy(out.data(), &message, sizeof message);
    return out;
}

}  // namespace izar
