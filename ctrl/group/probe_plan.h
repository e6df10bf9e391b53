// probe_plan.h -- Which member of a group probes what, as its master assigns it.
//
// Every other node and every origin is a target of the group, and one member probes it for all. So what a node probes
// is bounded, however many nodes there are: a large group gets around all targets in one round, a small one in several.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr std::size_t kProbesARound = 16;  // of one member
inline constexpr Nanos kProbeRound = std::chrono::seconds{10};

struct ProbeTarget {
    IpAddress address;
    std::uint16_t port = 0;
    NodeId node = kNoNode;  // whose address it is; kNoNode: an origin's
    bool stamp = false;     // by STAMP; else by TCP connect
    bool operator==(const ProbeTarget&) const = default;
};

struct ProbeTask {
    NodeId member = kNoNode;
    ProbeTarget target;
    bool operator==(const ProbeTask&) const = default;
};

// The tasks of one round, at most kProbesARound a member, none for itself. Later rounds go on with the targets where
// this one ended and give each to another member, so that one whose member is away is not left out for ever.
std::vector<ProbeTask> plan_probes(std::span<const NodeId> members, std::span<const ProbeTarget> targets,
                                   std::uint64_t round);

}  // namespace izar
