// authenticate.h -- Authenticate stage: decrypts the overlay packets of a burst and keeps those that are authentic.
//
// Thread:   one lcore.
// Requires: `lanes` have a valid overlay header of burst.peer[lane]; the security mode is aes-gcm.
// Ensures:  `lanes` are those whose packet is authentic and new, decrypted in place, their tag cut off. Handshakes have
//           gone to the scheduler thread. All others have a verdict, and nothing was noted of them.
//
// A bad packet costs less than a good one: key and replay window are asked before anything is decrypted, and a
// handshake's mark before it takes a place in the ring.
#pragma once

#include "dataplane/lcore/lcore_security.h"
#include "dataplane/stages/burst.h"

namespace izar {

void authenticate(Burst& burst, LaneList& lanes, LcoreSecurity& security) noexcept;

}  // namespace izar
