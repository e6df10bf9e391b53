// open_overlay.h -- Open stage: takes the overlay header off, notes what it says about the link, and
// decides whether this node relays, is the egress, or delivers.
//
// Thread:   one lcore.
// Requires: lanes on overlay start at an outer IP header without options, in front of UDP.
// Ensures:  overlay is empty. Lanes on relay have path, overlay_flags, ingress and service set and start
//           at the inner packet; lanes on ipv4, ipv6, odd (note.way = egress) and deliver start at a
//           valid inner IP header. Control packets have been read.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

void open_overlay(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

}  // namespace izar
