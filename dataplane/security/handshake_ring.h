// handshake_ring.h -- HandshakeRing: handshake messages on the way between an lcore and the scheduler thread.
//
// Thread: SPSC, a pair for each lcore: what came in, written by the lcore, and what is to be sent, written by the
//         scheduler thread for the link's owner lcore. A full ring drops: handshakes are repeated.
#pragma once

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "dataplane/base/types.h"
#include "dataplane/wire/handshake_message.h"

namespace izar {

struct HandshakeParcel {
    NodeSlot link = kNoSlot;
    HandshakeMessage message{};
};

inline constexpr std::size_t kHandshakeParcels = 256;

using HandshakeRing = boost::lockfree::spsc_queue<HandshakeParcel, boost::lockfree::capacity<kHandshakeParcels>>;

}  // namespace izar
