#include "ctrl/controller/drain_watch.h"

namespace izar {

void DrainWatch::look(const std::set<NodeId>& drained, bool all_told, Instant now) {
    std::erase_if(drained_, [&](const auto& each) { return !drained.contains(each.first); });
    for (const NodeId node : drained) {
        Drained& state = drained_[node];
        if (all_told && !state.told_at) {
            state.told_at = now;
        }
    }
}

void DrainWatch::take_count(NodeId node, std::uint64_t flows, Instant now) {
    if (const auto found = drained_.find(node); found != drained_.end()) {
        Drained& state = found->second;
        state.empty = flows == 0 && state.told_at && now - *state.told_at >= kOldestCount;
    }
}

bool DrainWatch::is_empty(NodeId node) const {
    const auto found = drained_.find(node);
    return found != drained_.end() && found->second.empty;
}

}  // namespace izar
