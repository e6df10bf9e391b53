// group_member.h -- GroupMember: a node's side of its region's lease: whether it is the master, and whom it obeys.
//
// Thread: one; time is a parameter, by the node's own clock.
#pragma once

#include "ctrl/group/group_leases.h"

namespace izar {

class GroupMember {
  public:
    explicit GroupMember(NodeId self) : self_(self) {}

    // The answer to what was asked at `asked_at`. Answers may be late, double or out of order; with no controller there
    // are none, and a lease that is held lasts to its end.
    void take_state(const GroupState& state, Instant asked_at);

    bool is_master(Instant now) const { return state_.master == self_ && now < until_; }
    const GroupState& state() const noexcept { return state_; }
    // Whether to obey who leads with this epoch. False once a later one was obeyed or told.
    bool obeys(GroupEpoch epoch);

  private:
    NodeId self_;
    GroupState state_;
    Instant until_{};  // of our own lease
};

}  // namespace izar
