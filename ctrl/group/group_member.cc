#include "ctrl/group/group_member.h"

#include <algorithm>

namespace izar {

void GroupMember::take_state(const GroupState& state, Instant asked_at) {
    if (state.epoch < state_.epoch) {
        return;
    }
    if (state.master == self_) {
        const bool renewed = state_.master == self_ && state_.epoch == state.epoch;
        until_ = std::max(renewed ? until_ : Instant{}, asked_at + kGroupLease);
    }
    state_ = state;
}

bool GroupMember::obeys(GroupEpoch epoch) {
    if (epoch < state_.epoch) {
        return false;
    }
    if (epoch > state_.epoch) {
        state_ = {epoch, kNoNode};  // whoever it is, it is not the one before
    }
    return true;
}

}  // namespace izar
