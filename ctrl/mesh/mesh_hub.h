// mesh_hub.h -- MeshHub: all nodes' rows of links, and the summary of them that every node is told.
//
// One summary a round for all: it keeps what any node needs beyond its own row (sched/summary). A node that has one
// of the last kKept summaries gets the difference, encoded once for all that have the same; the others get it whole.
//
// Thread: one; time is a parameter.
// A row counts until its node is withdrawn: a node whose agent is away still forwards, and its neighbours still hear
// it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sched/feed.h"
#include "sched/summary/mesh_summary.h"
#include "sched/summary/summarize.h"

namespace izar {

class MeshHub {
  public:
    static constexpr std::size_t kKept = 4;  // receivers keep one more (SummaryReceiver)

    explicit MeshHub(SummaryRule rule) : rule_(std::move(rule)) {}

    // Everything summarized so far was of other nodes, and is forgotten.
    void set_nodes(const std::set<NodeId>& nodes);
    // Replaces the row of `from`, or one link of it. Nodes not known are ignored.
    void take_row(NodeId from, const std::vector<FeedLink>& links);
    void take_link(const FeedLink& link);
    void forget_row(NodeId from);

    // Of the nodes that have one; the summaries from then on tell them.
    void set_loads(const std::map<NodeId, NodeLoad>& loads) { loads_ = loads; }

    // Makes the next summary.
    void summarize();
    // The newest summary for a receiver that has `held` (0: none), and its generation; nothing before the first.
    const std::vector<std::uint8_t>* message_for(std::uint32_t held);
    std::uint32_t generation() const noexcept { return kept_.empty() ? 0 : kept_.back().generation; }
    const std::vector<NodeId>& nodes() const noexcept { return nodes_; }

    const std::map<NodeId, std::map<NodeId, FeedLink>>& rows() const noexcept { return rows_; }
    // Of raw rows, 2 bytes a link, and of the whole newest summary: what summarizing saves.
    std::size_t raw_bytes() const noexcept;
    std::size_t whole_bytes();

  private:
    SummaryRule rule_;
    std::vector<NodeId> nodes_;  // by place in a summary
    std::map<NodeId, std::map<NodeId, FeedLink>> rows_;
    std::map<NodeId, NodeLoad> loads_;
    std::uint32_t generation_ = 0;
    std::deque<MeshSummary> kept_;                                // ascending generations
    std::map<std::uint32_t, std::vector<std::uint8_t>> encoded_;  // newest summary, by what the receiver holds
};

}  // namespace izar
