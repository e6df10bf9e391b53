// follow_flow.h -- Follow stage: TCP state, NAT rewriting, and the next step of every lane that has a flow.
//
// Thread:   one lcore.
// Requires: lanes on forward and reply have flow[lane] set.
// Ensures:  forward and reply are empty. A forward lane of a session is translated and on address, towards
//           the origin; one of a remote egress is on seal with its path. A reply lane is translated and on
//           deliver if the client is attached here, else on seal with its path. Lanes without a path are on
//           reset or have a verdict.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// A TCP connection without a path keeps its flow this long before it is answered by RST.
inline constexpr Nanos kEgressPatience = std::chrono::seconds{1};

void follow_flow(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

}  // namespace izar
