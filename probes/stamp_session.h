// stamp_session.h -- StampSession: a STAMP session that this node is to send, and StampReport: what came of it so far.
//
// Thread: plain values.
#pragma once

#include <cstdint>

#include "dataplane/base/ip_address.h"
#include "probes/measurement.h"
#include "probes/stamp.h"

namespace izar {

struct StampSession {
    static constexpr Nanos kLeastInterval = std::chrono::milliseconds{10};
    static constexpr Nanos kLongestInterval = std::chrono::minutes{1};

    IpAddress peer;
    std::uint16_t port = kStampPort;
    Nanos interval = std::chrono::seconds{1};
    std::uint32_t count = 0;  // probes; 0: without end
    std::uint64_t task = 0;   // by which izar-agent knows it; 0: edge.yaml's
};

struct StampReport {
    static constexpr std::uint16_t kRefused = 0xFFFF;  // no slot is free

    std::uint16_t slot = kRefused;  // of those that this node sends at a time
    StampSession session;
    std::uint32_t sent = 0;
    Measurement measurement;  // of the last minute at most, if the session is without end; else of all of it
    bool over = false;        // no further report follows
};

}  // namespace izar
