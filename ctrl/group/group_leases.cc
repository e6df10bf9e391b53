#include "ctrl/group/group_leases.h"

namespace izar {

GroupState GroupLeases::claim(const std::string& region, NodeId member, Instant now) {
    Lease& lease = leases_[region];
    const bool held = lease.state.master != kNoNode && now < lease.until;
    if (!held) {
        lease.state.master = kNoNode;
    }
    if (!held && now - begun_ >= kGroupLease) {
        if (const auto epoch = next_epoch_()) {
            lease.state = {*epoch, member};
        }
    }
    if (lease.state.master == member) {
        lease.until = now + kGroupLease;
    }
    return lease.state;
}

GroupState GroupLeases::state(const std::string& region, Instant now) const {
    const auto found = leases_.find(region);
    if (found == leases_.end()) {
        return {};
    }
    const bool held = now < found->second.until;
    return {found->second.state.epoch, held ? found->second.state.master : kNoNode};
}

bool GroupLeases::leads(const std::string& region, NodeId node, GroupEpoch epoch, Instant now) const {
    return node != kNoNode && state(region, now) == GroupState{epoch, node};
}

}  // namespace izar
