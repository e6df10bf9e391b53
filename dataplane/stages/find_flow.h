// find_flow.h -- Flow stage: inner packets -> their flows, opened if they are new.
//
// Thread:   one lcore.
// Requires: lanes on ipv4 and ipv6 are whole TCP, UDP or ICMP echo packets; note.way is plain or egress.
// Ensures:  ipv4 and ipv6 are empty. A lane is on forward or reply with flow[lane] and hash[lane] set, on
//           reset (to be answered by RST), on exception, or has a verdict: hand_over if another lcore owns
//           the flow, with port[lane] untouched and owner in hash[lane].
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

void find_flow(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

}  // namespace izar
