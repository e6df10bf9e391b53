// health.h -- Which nodes are out of use: neither their agent nor their neighbours hear them.
//
// A node is silent while its agent is away, or says that its izar-edge does not run. That alone proves nothing: either
// may have been restarted, or the controller may be the one cut off. So a node is withdrawn only when it has been
// silent for kLongestSilence AND more than half of the nodes that say anything about their link to it, at least one,
// say that it is dead. Where nobody says anything, the word of its own agent that izar-edge is dead will do. It is back
// as soon as any of this does not hold any more.
//
// Agents notice that izar-edge is dead by the heartbeat in their shared memory, RingEnd::kSilence after its last one.
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
    static constexpr Nanos kLongestSilence = std::chrono::seconds{3};

    void set_nodes(const std::set<NodeId>& nodes);
    // Its agent is here, and izar-edge runs as far as is known.
    void speaks(NodeId node);
    // Its agent is away, or has not heard of izar-edge yet. Who is silent already stays so since then.
    void falls_silent(NodeId node, Instant now);
    // Its agent says that izar-edge does not run.
    void edge_is_dead(NodeId node, Instant now);

    struct Change {
        NodeId node;
        bool withdrawn;
    };
    // What changed, by the rows of links that the agents which are here sent.
    std::vector<Change> judge(const LinkRows& rows, Instant now);

    bool is_silent(NodeId node) const { return silent_.contains(node); }
    bool withdrawn(NodeId node) const { return withdrawn_.contains(node); }
    const std::set<NodeId>& all_withdrawn() const noexcept { return withdrawn_; }

  private:
    struct Silence {
        Instant since;
        bool edge_is_dead = false;
    };
    bool is_dead(NodeId node, const LinkRows& rows, Instant now) const;

    std::set<NodeId> nodes_;
    std::map<NodeId, Silence> silent_;
    std::set<NodeId> withdrawn_;
};

}  // namespace izar
