// link_report.h -- What lcores tell the scheduler thread about links: the one measurement format.
//
// Plain values that travel through one SPSC ring per lcore. Units are in the types.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/bit_rate.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/wire/control.h"

namespace izar {

enum class LinkReportKind : std::uint8_t {
    rtt,       // samples of one link gathered over a short interval
    loss,      // a window of one direction of a link closed
    up,        // the link is heard again
    down,      // the link fell silent
    mtu,       // the size of packets that the link carries changed
    traffic,   // what went out on the link in a window
    peer_row,  // one item of a peer's own row, as its keep-alive told it
    path,      // what probes along a path show; the link is that to its far end
};

struct RttReport {
    Nanos least;  // smallest RTT of the interval
    Nanos mean;
    std::uint32_t count;  // samples in the interval, at least 1
};
struct LossReport {
    std::uint64_t expected;   // packets the peer says it sent in the window
    std::uint64_t received;   // packets that arrived in it
    std::uint64_t reordered;  // of these, how many came after a later one
};
struct MtuReport {
    std::uint16_t bytes;  // of an IP packet on the underlay
    bool shrunk;          // it carried more before
};
struct TrafficReport {
    std::uint64_t bytes;  // of IP packets on the underlay, sent in the window
    Nanos span;           // of the window, above 0
    BitRate capacity;     // of the uplink that this node's links share, as configured; kNoRate: not known
};
struct PeerRowReport {
    NodeId to;             // the far end of the link that `link`'s node measured
    std::uint16_t loss;    // 1/65535
    std::uint32_t rtt_us;  // kUnreachableRtt: down
    std::uint16_t mtu;     // bytes of an IP packet on the underlay, 0: not known
};
struct PathReport {
    std::array<NodeId, kMaxSegments> segments;  // the path
    Nanos rtt;                                  // there and back
    bool measured;                              // just now; otherwise it is that of before
    bool dead;                                  // probes are not answered
};

struct LinkReport {
    LinkReportKind kind = LinkReportKind::rtt;
    NodeSlot link = kNoSlot;  // slot of the far node
    Instant at{};             // this node's clock when it happened
    union {
        RttReport rtt;
        LossReport loss;
        MtuReport mtu;
        TrafficReport traffic;
        PeerRowReport row;
        PathReport path;
    };
    LinkReport() : rtt{} {}
};

}  // namespace izar
