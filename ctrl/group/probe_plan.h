// probe_plan.h -- Which member of a group probes what, as its master assigns it.
//
// Every other node and every origin is a target of the group, and one member probes it for all. So what a node probes
// is bounded, however many nodes there are: a large group gets around all targets in one round, a small one in several.
//
// STAMP tells of the way from one node to another, so there every member probes for itself: the other members of its
// group that answer, and of each other group the master, which stands for it. That is bounded, too: a member gets
// around its targets in several rounds.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/types.h"
#include "probes/measurement.h"

namespace izar {

inline constexpr std::size_t kProbesARound = 16;  // of one member, by TCP connect
inline constexpr std::size_t kStampsARound = 8;   // of one member, by STAMP
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

// What came of probing a target; samples == 0: nobody answered.
struct ProbeAnswer {
    ProbeTarget target;
    Measurement measured;
};

// The tasks of one round, at most kProbesARound a member, none for itself. Later rounds go on with the targets where
// this one ended and give each to another member, so that one whose member is away is not left out for ever.
std::vector<ProbeTask> plan_probes(std::span<const NodeId> members, std::span<const ProbeTarget> targets,
                                   std::uint64_t round);

// The same by STAMP, at most kStampsARound a member. `members` are those of the group that answer STAMP probes, as what
// others probe them at; `masters` are the other groups'.
std::vector<ProbeTask> plan_stamp(std::span<const ProbeTarget> members, std::span<const ProbeTarget> masters,
                                  std::uint64_t round);

}  // namespace izar
