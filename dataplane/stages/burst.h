// burst.h -- Burst: up to 32 packets on their way through the pipeline, as a structure of arrays.
//
// Thread: one lcore. A stage walks the lanes of one list, reads and writes lane arrays, and sets
//         verdict[lane]; only the transmit stage sends or frees. A lane is on at most one list that a
//         later stage has yet to take.
//
// From parse() on, a lane's mbuf starts at the IP header that is being forwarded (the inner one for an
// overlay packet); the bytes of headers taken off still lie in the headroom before it.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/lcore/verdict.h"
#include "dataplane/stages/ahead.h"
#include "dataplane/tables/route_table.h"
#include "dataplane/wire/headers.h"

namespace izar {

// How a packet came to the flow stages; travels with it when it is handed to another lcore.
enum class Way : std::uint8_t {
    plain,    // from a port, not overlay: a client's, an origin's or nobody's packet
    egress,   // out of the overlay, this node is the flow's egress
    deliver,  // out of the overlay, a reply at its ingress
};

struct LaneNote {
    Way way;
    PortIndex port;     // where it arrived
    NodeId ingress;     // of an overlay packet: where the flow's client is attached
    ServiceId service;  // of an overlay packet: its VNI
};
static_assert(sizeof(LaneNote) == 8);
static_assert(sizeof(LaneNote) <= kMbufPrivateBytes);

// A packet that is handed to another lcore takes its note with it, in the mbuf's private area: a cache line of its
// own, which packets that stay on their lcore never touch.
inline void attach_note(rte_mbuf* m, const LaneNote& note) noexcept {
    *static_cast<LaneNote*>(rte_mbuf_to_priv(m)) = note;
}
inline LaneNote attached_note(rte_mbuf* m) noexcept {
    return *static_cast<const LaneNote*>(rte_mbuf_to_priv(m));
}

// Lanes that one stage is to take, in order of arrival.
class LaneList {
  public:
    void add(unsigned lane) noexcept { lane_[size_++] = static_cast<std::uint8_t>(lane); }
    void clear() noexcept { size_ = 0; }
    bool empty() const noexcept { return size_ == 0; }
    unsigned size() const noexcept { return size_; }
    const std::uint8_t* begin() const noexcept { return lane_.data(); }
    const std::uint8_t* end() const noexcept { return lane_.data() + size_; }
    std::uint8_t operator[](unsigned i) const noexcept { return lane_[i]; }

  private:
    std::array<std::uint8_t, kMaxBurst> lane_;
    std::uint8_t size_ = 0;
};

struct Burst {
    unsigned size = 0;
    Ahead ahead;  // set behind reset_to() where there is one
    std::array<rte_mbuf*, kMaxBurst> mbuf;
    std::array<Verdict, kMaxBurst> verdict;
    std::array<LaneNote, kMaxBurst> note;  // port is set on receipt, the rest by parse() and open_overlay()

    // Set by parse() or open_overlay() for every lane on ipv4 or ipv6.
    std::array<std::uint8_t*, kMaxBurst> ip;         // the IP header that is forwarded
    std::array<std::uint8_t*, kMaxBurst> l4;         // the TCP, UDP or ICMP header behind it
    std::array<std::uint16_t, kMaxBurst> ip_length;  // bytes from ip to the packet's end

    // Set by open_overlay() for lanes whose overlay header is that of a peer.
    std::array<NodeSlot, kMaxBurst> peer;

    // Set by find_flow() for every lane that has a flow, or chose one.
    std::array<FlowRef, kMaxBurst> flow;
    std::array<std::uint64_t, kMaxBurst> hash;

    // Set for lanes on seal and relay: which way through the overlay.
    std::array<Path, kMaxBurst> path;
    std::array<Path, kMaxBurst> second_path;  // only where overlay_flags has kFlagDuplicate, and on seal only
    std::array<std::uint8_t, kMaxBurst> overlay_flags;
    std::array<NodeId, kMaxBurst> ingress;
    std::array<ServiceId, kMaxBurst> service;

    // Set for lanes on address: where the frame goes.
    std::array<NeighborIndex, kMaxBurst> neighbor;
    std::array<PortIndex, kMaxBurst> port;

    LaneList overlay;    // parse -> open_overlay
    LaneList neighbors;  // parse -> answer_neighbors: ARP and ND
    LaneList ipv4;       // parse, open_overlay -> find_flow
    LaneList ipv6;
    LaneList odd;        // parse, open_overlay -> sort_odd: fragments, other protocols
    LaneList exception;  // parse, sort_odd, find_flow -> pass_exceptions: for the kernel
    LaneList forward;    // find_flow -> translate, route: client -> origin
    LaneList reply;      // find_flow -> translate, route: origin -> client
    LaneList reset;      // find_flow, route -> answer_resets: answered by RST
    LaneList deliver;    // open_overlay, translate -> deliver: replies at their ingress
    LaneList relay;      // open_overlay -> seal_overlay
    LaneList seal;       // route -> seal_overlay
    LaneList address;    // -> address_frames: have a next hop
    LaneList bounce;     // -> address_frames: go back to the frame's sender
    LaneList out;        // -> transmit: finished frames, port is set

    // Makes an empty burst of `n` packets that have just been put into mbuf.
    void reset_to(unsigned n) noexcept {
        size = n;
        ahead = Ahead{};
        verdict.fill(Verdict::pending);
        for (LaneList* list : {&overlay, &neighbors, &ipv4, &ipv6, &odd, &exception, &forward, &reply, &reset, &deliver,
                               &relay, &seal, &address, &bounce, &out}) {
            list->clear();
        }
    }
};

}  // namespace izar
