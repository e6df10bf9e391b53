// group_leases.h -- GroupLeases: which member of each region is its master, by a lease.
//
// Every member asks again and again; the first that asks while nobody holds the region's lease gets it, with an epoch
// greater than any before. Who holds it gets it renewed. A lease that is not renewed ends kLease after it was granted
// last, and not before: its holder counts from when it asked, so it stops believing earlier than we do.
//
// A controller that lost its own lead and does not know yet may renew for a while what a new one grants to another.
// Epochs settle that: whoever heard of the later one obeys the earlier no more.
//
// A controller that has just begun does not know what its predecessor granted, and grants nothing for a lease.
//
// Thread: one; time is a parameter.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "dataplane/base/types.h"

namespace izar {

// Whoever obeyed a master refuses everything of lower epochs from then on.
enum class GroupEpoch : std::uint64_t {};  // 0: none yet

inline constexpr Nanos kGroupLease = std::chrono::seconds{6};
inline constexpr Nanos kGroupClaimInterval = std::chrono::seconds{2};
static_assert(kGroupClaimInterval * 3 <= kGroupLease, "a claim or two may get lost");

// A region's master, as its members are told.
struct GroupState {
    GroupEpoch epoch{};
    NodeId master = kNoNode;
    bool operator==(const GroupState&) const = default;
};

class GroupLeases {
  public:
    // Gives the next epoch, greater than any that any controller of the fleet has given; none: not at the moment.
    using NextEpoch = std::function<std::optional<GroupEpoch>()>;

    GroupLeases(Instant begun, NextEpoch next_epoch) : begun_(begun), next_epoch_(std::move(next_epoch)) {}

    // A member asks. The answer names it as master if and only if it holds the lease, from now for kGroupLease.
    GroupState claim(const std::string& region, NodeId member, Instant now);
    // Whether the node holds its region's lease, of this epoch.
    bool leads(const std::string& region, NodeId node, GroupEpoch epoch, Instant now) const;
    GroupState state(const std::string& region, Instant now) const;

  private:
    struct Lease {
        GroupState state;
        Instant until{};
    };
    Instant begun_;
    NextEpoch next_epoch_;
    std::map<std::string, Lease> leases_;
};

}  // namespace izar
