#include "ctrl/controller/health.h"

namespace izar {

void Health::set_nodes(const std::set<NodeId>& nodes) {
    nodes_ = nodes;
    std::erase_if(left_at_, [&](const auto& left) { return !nodes.contains(left.first); });
    std::erase_if(withdrawn_, [&](NodeId node) { return !nodes.contains(node); });
}

void Health::agent_came(NodeId node) {
    left_at_.erase(node);
}

void Health::agent_left(NodeId node, Instant now) {
    if (nodes_.contains(node)) {
        left_at_.emplace(node, now);
    }
}

std::vector<Health::Change> Health::judge(const LinkRows& rows, Instant now) {
    std::vector<Change> out;
    for (const NodeId node : nodes_) {
        const auto left = left_at_.find(node);
        bool dead = false;
        if (left != left_at_.end() && now - left->second >= kAgentAway) {
            std::size_t voices = 0;
            std::size_t against = 0;
            rows.for_each_to(node, [&](const FeedLink& link) {
                if (link.from != node && !left_at_.contains(link.from)) {
                    ++voices;
                    against += link.reachable ? 0 : 1;
                }
            });
            dead = against * 2 > voices;
        }
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
