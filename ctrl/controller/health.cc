#include "ctrl/controller/health.h"

namespace izar {

void Health::set_nodes(const std::set<NodeId>& nodes) {
    nodes_ = nodes;
    std::erase_if(silent_, [&](const auto& silent) { return !nodes.contains(silent.first); });
    std::erase_if(withdrawn_, [&](NodeId node) { return !nodes.contains(node); });
}

void Health::speaks(NodeId node) {
    silent_.erase(node);
}

void Health::falls_silent(NodeId node, Instant now) {
    if (nodes_.contains(node)) {
        silent_.try_emplace(node, Silence{now});
    }
}

void Health::edge_is_dead(NodeId node, Instant now) {
    if (nodes_.contains(node)) {
        silent_.try_emplace(node, Silence{now}).first->second.edge_is_dead = true;
    }
}

bool Health::is_dead(NodeId node, const LinkRows& rows, Instant now) const {
    const auto silence = silent_.find(node);
    if (silence == silent_.end() || now - silence->second.since < kLongestSilence) {
        return false;
    }
    std::size_t voices = 0;
    std::size_t against = 0;
    rows.for_each_to(node, [&](const FeedLink& link) {
        if (link.from != node && !silent_.contains(link.from)) {
            ++voices;
            against += link.reachable ? 0 : 1;
        }
    });
    return voices == 0 ? silence->second.edge_is_dead : against * 2 > voices;
}

std::vector<Health::Change> Health::judge(const LinkRows& rows, Instant now) {
    std::vector<Change> out;
    for (const NodeId node : nodes_) {
        const bool dead = is_dead(node, rows, now);
        if (dead != withdrawn_.contains(node)) {
            out.push_back({node, dead});
            if (dead) {
                withdrawn_.insert(node);
            } else {
                withdrawn_.erase(node);
            }
        }
    }
    return out;
}

}  // namespace izar
