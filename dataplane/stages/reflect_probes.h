// reflect_probes.h -- Probes stage: STAMP and TWAMP-light probes to this node's own addresses turn into replies, and
// replies to its own probes are taken.
//
// Thread: one lcore; keeps nothing. Any lcore answers any probe, and pins any answer to the StampBoard.
//
// The reflector is off unless edge.yaml names peers or takes all nodes of the fleet as such, and then for these only: a
// stranger gets no byte, and nobody gets more bytes than he sent. Why the lcore and not the main thread:
// docs/decisions/0014-lcores-reflect-probes.md.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Takes the UDP lanes to STAMP's port at one of this node's own addresses off ipv4 and ipv6, and those that come from
// the peer of one of its own sessions to that session's port. A probe of a peer, its checksum right, becomes its reply
// and is on bounce; anything else has a verdict.
void reflect_probes(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

}  // namespace izar
