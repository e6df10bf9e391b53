// send.h -- The last stages: deliver, sort_odd, pass_exceptions, address_frames, transmit.
//
// Thread: one lcore.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Lanes on deliver, replies that came out of the overlay at their ingress, go on address, towards the client.
// The inner packet must be one of the service that the overlay header names.
void deliver(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

// Lanes on odd: what belongs to a service or a session but cannot be carried gets its verdict, the rest is
// on exception.
void sort_odd(Burst& burst, const LcoreState& lcore, const Published& published) noexcept;

// Lanes on exception go to the kernel through the TAP of the port they came from, if it has one.
void pass_exceptions(Burst& burst, LcoreState& lcore, Instant now) noexcept;

// Writes the Ethernet header of the lanes on address and bounce and puts them on out; holds those whose next
// hop has no MAC address yet.
void address_frames(Burst& burst, LcoreState& lcore, Instant now) noexcept;

// Sends a packet that this lcore made, whose mbuf starts at its IP header, to `neighbor`; holds it like any
// other if the MAC address is not known. The caller has counted it as made.
void send_made(rte_mbuf* m, NeighborIndex neighbor, PortIndex port, LcoreState& lcore, Instant now) noexcept;

// Sends held packets whose MAC address has become known, drops those that waited too long. Once a round.
void review_held(LcoreState& lcore, Instant now) noexcept;

// Hands the lanes on out to their ports, frees the others by their verdict and counts all.
// Requires: every lane that is not on out has a verdict other than pending.
void transmit(Burst& burst, LcoreState& lcore) noexcept;

}  // namespace izar
