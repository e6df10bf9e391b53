// stamp_reflector.h -- StampReflector: whose STAMP probes a node answers, and what its replies call the time.
//
// Thread: built by main, constant afterwards; any thread reads.
#pragma once

#include <algorithm>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "probes/stamp.h"

namespace izar {

struct StampReflector {
    std::vector<IpAddress> peers;
    Nanos wall_offset{};    // wall-clock time less the node's clock, as it was at the start
    bool nodes = false;     // every node of the fleet is a peer, too, by its overlay address
    NodeId self = kNoNode;  // session of all probes that this node sends: nodes tell each other by it who asks

    bool is_off() const noexcept { return peers.empty() && !nodes; }
    bool answers(const IpAddress& peer) const noexcept { return std::ranges::find(peers, peer) != peers.end(); }
    StampInstant wall_time(Instant now) const noexcept { return StampInstant{now.time_since_epoch() + wall_offset}; }
};

}  // namespace izar
