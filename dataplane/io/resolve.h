// resolve.h -- ARP and ND as a node speaks them: answering for its own addresses and VIPs, learning, asking.
//
// Thread: any lcore, for the frames it received or holds. Sources: RFC 826, RFC 4861 sections 4.3, 4.4, 7.2.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Takes the lanes on neighbors, which start at the Ethernet header of an ARP or ND frame: requests for an
// address that is ours are turned into replies (on bounce), replies teach the neighbour table and end as
// neighbor_news, or go on to the kernel (on exception) if the port has a TAP. All else is exception too.
void answer_neighbors(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

// Sends a request for the neighbour's MAC address, at most once in kAskInterval.
inline constexpr Nanos kAskInterval = std::chrono::milliseconds{200};
void ask_neighbor(NeighborIndex neighbor, LcoreState& lcore, Instant now) noexcept;

// Lcore 0, about ten times a second: asks anew for neighbours that were not heard for kConfirmInterval, and
// forgets the MAC address of those that do not answer.
inline constexpr Nanos kConfirmInterval = std::chrono::seconds{20};
void confirm_neighbors(LcoreState& lcore, Instant now) noexcept;

}  // namespace izar
