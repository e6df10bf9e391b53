// health.h -- Which nodes are out of use: neither their agent nor their neighbours hear them.
//
// An agent that is away proves nothing: it may have been restarted, or the controller may be the one cut off. So a node
// is withdrawn only when its agent has been away for kAgentAway AND more than half of the nodes that say anything about
// their link to it, at least one, say that it is dead. It is back as soon as either does not hold any more.
//
// Thread: one; time is a parameter.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "ctrl/mesh/link_rows.h"

namespace izar {

class Health {
  public:
    static constexpr Nanos kAgentAway = std::chrono::seconds{3};

    void set_nodes(const std::set<NodeId>& nodes);
    void agent_came(NodeId node);
    void agent_left(NodeId node, Instant now);

    struct Change {
        NodeId node;
        bool withdrawn;
    };
    // What changed, by the rows of links that the agents which are here sent.
    std::vector<Change> judge(const LinkRows& rows, Instant now);

    bool withdrawn(NodeId node) const { return withdrawn_.contains(node); }
    const std::set<NodeId>& all_withdrawn() const noexcept { return withdrawn_; }

  private:
    std::set<NodeId> nodes_;
    std::map<NodeId, Instant> left_at_;  // nodes whose agent was here and is away
    std::set<NodeId> withdrawn_;
};

}  // namespace izar
