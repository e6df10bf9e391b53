// seal_overlay.h -- Seal stage: puts the overlay header in front of packets that have a path.
//
// Thread:   one lcore.
// Requires: lanes on seal and relay have path (length >= 1), overlay_flags, ingress, service and hash set and
//           start at the inner IP packet; on links with aes-gcm there are kTagLength bytes behind it in the buffer.
//           Lanes on seal with kFlagDuplicate have second_path, too.
// Ensures:  seal and relay are empty; their lanes are on address with neighbor and port set, or have a verdict.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

void seal_overlay(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept;

// The same for one packet outside a burst's lanes: writes the outer headers in front of `m`, whose data is the
// payload. Used for control packets too. `entropy` chooses the outer source port.
struct SealRequest {
    const Path& path;
    NodeId ingress;
    ServiceId service;
    std::uint16_t protocol;  // GENEVE protocol type of the payload
    std::uint8_t geneve_flags;
    std::uint8_t overlay_flags;
    std::uint16_t entropy;
};
// That of a lane over one of its paths. A control packet, which this node relays, is of no service.
inline SealRequest seal_request(const Burst& burst, unsigned lane, const Path& path, std::uint16_t protocol) noexcept {
    return {path,
            burst.ingress[lane],
            burst.service[lane],
            protocol,
            burst.service[lane] == kNoService ? kGeneveControl : std::uint8_t{0},
            burst.overlay_flags[lane],
            static_cast<std::uint16_t>(burst.hash[lane])};
}
void seal(rte_mbuf* m, const SealRequest& request, LinkTemplate& link, const LinkCell& cell, Instant now) noexcept;

// A packet by itself to the peer of `link`, as the link's security mode asks; false, and nothing done, if the link has
// no key yet. A handshake goes in the clear.
bool seal_alone(rte_mbuf* m, const SealRequest& request, NodeSlot link, LcoreState& lcore, Instant now) noexcept;
void seal_handshake(rte_mbuf* m, const SealRequest& request, NodeSlot link, LcoreState& lcore, Instant now) noexcept;

}  // namespace izar
