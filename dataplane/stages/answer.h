// answer.h -- Answers that a node gives by itself: RST and "too big".
//
// Thread: one lcore. An answer is never larger than what it answers, and never answers an answer.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Turns every lane on reset, a whole TCP packet without RST, into the RST that answers it (RFC 9293 section
// 3.10.7.1). Then a packet that came from a port is on bounce; one out of the overlay is on seal, as a
// reply to its ingress, or has verdict no_path.
void answer_resets(Burst& burst, const LcoreState& lcore, const Published& published) noexcept;

// Sends ICMP "fragmentation needed" (RFC 1191) or ICMPv6 "packet too big" (RFC 4443 section 3.2) with `mtu`
// to the sender of a lane that came from a port, and gives the lane verdict too_big. The answer comes from
// the address that the packet was sent to. Above the lcore's rate of such answers the packet is dropped without one.
void answer_too_big(Burst& burst, unsigned lane, std::uint16_t mtu, LcoreState& lcore, Instant now) noexcept;

}  // namespace izar
