#include "ctrl/group/probe_plan.h"

#include <algorithm>

namespace izar {

std::vector<ProbeTask> plan_probes(std::span<const NodeId> members, std::span<const ProbeTarget> targets,
                                   std::uint64_t round) {
    std::vector<ProbeTask> out;
    if (members.empty() || targets.empty()) {
        return out;
    }
    const std::size_t most = std::min(targets.size(), members.size() * kProbesARound);
    std::vector<std::size_t> given(members.size());
    for (std::size_t i = 0; i < most; ++i) {
        // Counted over all rounds: each time around the targets, each goes to the next member.
        const std::uint64_t turn = round * most + i;
        const std::size_t at_target = turn % targets.size();
        const ProbeTarget& target = targets[at_target];
        std::size_t at = (at_target + turn / targets.size()) % members.size();
        if (members[at] == target.node) {
            at = (at + 1) % members.size();
        }
        if (members[at] != target.node && given[at] < kProbesARound) {
            ++given[at];
            out.push_back({members[at], target});
        }
    }
    return out;
}

std::vector<ProbeTask> plan_stamp(std::span<const ProbeTarget> members, std::span<const ProbeTarget> masters,
                                  std::uint64_t round) {
    std::vector<ProbeTask> out;
    for (std::size_t member = 0; member < members.size(); ++member) {
        const std::size_t others = members.size() - 1;
        const std::size_t all = others + masters.size();
        for (std::size_t i = 0; i < std::min(all, kStampsARound); ++i) {
            const std::size_t turn = (round * kStampsARound + i) % all;
            // Counted from the member on, so that members that have the same turn probe different ones.
            const ProbeTarget& target =
                turn < others ? members[(member + 1 + turn) % members.size()] : masters[turn - others];
            out.push_back({members[member].node, target});
        }
    }
    return out;
}

}  // namespace izar
