// lcore_security.h -- LcoreSecurity: what one lcore needs to seal and open packets.
//
// Thread: belongs to one lcore; `keys` is shared and read only, the rings have their other end at the scheduler thread.
#pragma once

#include <memory>

#include "dataplane/security/aead.h"
#include "dataplane/security/handshake_ring.h"
#include "dataplane/security/link_keys.h"

namespace izar {

struct LcoreSecurity {
    const LinkKeys* keys = nullptr;  // null: `security: none`, and nothing below is used
    std::unique_ptr<Aead> aead;
    HandshakeRing* received = nullptr;
    HandshakeRing* to_send = nullptr;

    // Whether packets can go out on the link now: always without security, else while it has a session.
    bool can_send(NodeSlot link) const noexcept { return keys == nullptr || keys->send(link) != nullptr; }
};

}  // namespace izar
