// join.h -- Joining a fleet: a token for a certificate.
//
// Thread: main, before the agent runs; drives the loop until there is an answer.
#pragma once

#include <string>

#include "ctrl/agent/identity.h"
#include "ctrl/loop/event_loop.h"
#include "ctrl/tls/join_token.h"
#include "dataplane/base/ip_address.h"

namespace izar {

struct JoinWish {
    SocketAddress controller;
    JoinToken token;
    std::string name;
    IpAddress address;             // where the node's overlay packets go
    CertificateRequest made = {};  // from an earlier try (pending_key.h); empty: a new key
};

inline constexpr Nanos kJoinTime = std::chrono::seconds{15};

// The error is the controller's own words if it refused.
Result<Identity> join(EventLoop& loop, const JoinWish& wish, WallSeconds now);

}  // namespace izar
