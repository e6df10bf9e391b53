// message.h -- A body as a message of the ring, and back.
//
// Thread: pure functions.
#pragma once

#include <cstring>

#include "ctrl/ring/layout.h"

namespace izar::ring {

template <typename Body>
Message message_of(Kind kind, const Body& body) {
    static_assert(sizeof(Body) <= kBodyBytes && std::is_trivially_copyable_v<Body>);
    Message out;
    out.kind = kind;
    out.length = sizeof body;
    std::memcpy(out.body, &body, sizeof body);
    return out;
}

template <typename Body>
Body body_of(const Message& message) {
    static_assert(sizeof(Body) <= kBodyBytes && std::is_trivially_copyable_v<Body>);
    Body out;
    std::memcpy(&out, message.body, sizeof out);
    return out;
}

}  // namespace izar::ring
