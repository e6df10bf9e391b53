// link_sender.h -- LinkSender: one lcore's side of sending on every link: header templates and counters.
//
// Thread: one lcore, also rebuild(), which runs between two bursts when the fleet has changed.
//
// A template is everything in front of the inner packet (outer IP, UDP, overlay header), laid against
// the end of a 96-byte block, so that stamping it is one copy of a size fixed by the underlay into the headroom.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/io/interfaces.h"
#include "dataplane/io/neighbors.h"
#include "dataplane/links/shared_links.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/wire/overlay.h"

namespace izar {

inline constexpr std::size_t kTemplateBlock = 96;
inline constexpr std::size_t kOuterLength4 = sizeof(Ipv4Header) + sizeof(UdpHeader) + sizeof(OverlayHeader);
inline constexpr std::size_t kOuterLength6 = sizeof(Ipv6Header) + sizeof(UdpHeader) + sizeof(OverlayHeader);
static_assert(kOuterLength4 == 72 && kOuterLength6 == 92 && kOuterLength6 <= kTemplateBlock);

struct alignas(32) LinkTemplate {
    std::array<std::uint8_t, kTemplateBlock> block{};
    Family underlay = Family::ipv4;
    PortIndex port = kNoPort;  // kNoPort: no way to reach the peer's address
    NeighborIndex neighbor = kNoNeighbor;
    std::uint16_t inner_mtu = 0;    // what fits the first hop of this link
    std::uint64_t next_packet = 0;  // packet number, sending lcore in the top byte
    // For when, and by which echo word, the times in the block were written: kept by seal_overlay, once a round.
    Instant stamped = Instant::min();
    std::uint64_t stamped_echo = 0;
    OverlayHeader& header() noexcept {
        return *reinterpret_cast<OverlayHeader*>(block.data() + kTemplateBlock - sizeof(OverlayHeader));
    }
    std::uint16_t outer_length() const noexcept { return underlay == Family::ipv4 ? kOuterLength4 : kOuterLength6; }
};

class LinkSender {
  public:
    LinkSender(LcoreIndex lcore, const Interfaces& interfaces, NeighborTable& neighbors);

    // Makes the templates fit a new fleet. Packet numbers of links that stay go on.
    void rebuild(const Fleet& fleet) noexcept;

    LinkTemplate& link(NodeSlot slot) noexcept { return links_[raw(slot)]; }

  private:
    void build(const Fleet& fleet, NodeSlot slot) noexcept;

    const Interfaces& interfaces_;
    NeighborTable& neighbors_;
    std::unique_ptr<LinkTemplate[]> links_;
};

}  // namespace izar
