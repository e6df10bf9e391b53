// duplicate.h -- Packets of services with `duplicate: true`: two copies on their way, one at its end.
//
// Thread: one lcore. Parts of the stages seal_overlay and open_overlay, for the lanes that ask for it.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Puts a DuplicateTag in front of the lane's inner packet and sends a copy of both over the lane's second_path. The
// lane itself stays to be sealed. Where there is no buffer or no key for the copy, the packet travels once.
void send_second_copy(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published, Instant now) noexcept;

// Takes the tag off a packet at its last segment. False, with a verdict, if its other copy was here before, or it has
// no sound tag.
bool take_first_copy(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published) noexcept;

}  // namespace izar
