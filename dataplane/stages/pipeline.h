// pipeline.h -- The way of a packet through an lcore, on one screen (stage_order.h).
//
// Thread: one lcore.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Frames as a port gave them; note.port is set. Every packet leaves with a verdict, counted.
void process_frames(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

// Packets that another lcore handed over: inner IP packets with their note.
void process_handed(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

}  // namespace izar
