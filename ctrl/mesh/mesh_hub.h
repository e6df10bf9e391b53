// mesh_hub.h -- MeshHub: all nodes' rows of links, and the summary of them that every node is told.
//
// One summary a round for all: it keeps what any node needs beyond its own row (sched/summary). A node that has one
// of the last kKept summaries gets the difference, encoded once for all that have the same; the others get it whole.
//
// Thread: one; time is a parameter. A summary's task may be done by another.
// A row counts until its node is withdrawn: a node whose agent is away still forwards, and its neighbours still hear
// it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "ctrl/mesh/link_rows.h"
#include "ctrl/mesh/summary_task.h"
#include "sched/feed.h"

namespace izar {

class MeshHub {
  public:
    static constexpr std::size_t kKept = 4;  // receivers keep one more (SummaryReceiver)

    explicit MeshHub(SummaryRule rule) : rule_(std::move(rule)) {}

    // Everything summarized so far was of other nodes, and is forgotten.
    void set_nodes(const std::set<NodeId>& nodes);
    // Replaces the row of `from`, or one link of it. Nodes not known are ignored.
    void take_row(NodeId from, std::vector<FeedLink> links);
    void take_link(const FeedLink& link);
    void forget_row(NodeId from);

    // Of the nodes that have one; the summaries from then on tell them.
    void set_loads(const std::map<NodeId, NodeLoad>& loads) { loads_ = loads; }

    // The next summary's task; none without nodes. One at a time: the next begins when this one's result was taken, or
    // will never be.
    std::optional<SummaryTask> begin_summary();
    // False: the nodes are others by now, and nothing was taken.
    bool take_summary(MadeSummary made);
    // Both at once.
    void summarize();

    // The newest summary for a receiver that has `held` (0: none); nothing before the first.
    const std::vector<std::uint8_t>* message_for(std::uint32_t held) const;
    std::uint32_t generation() const noexcept { return kept_.empty() ? 0 : kept_.back()->generation; }
    const std::vector<NodeId>& nodes() const noexcept { return nodes_; }

    const LinkRows& rows() const noexcept { return rows_; }

  private:
    static constexpr std::uint16_t kNoPlace = 0xFFFF;

    bool knows(NodeId node) const;

    SummaryRule rule_;
    std::vector<NodeId> nodes_;  // by place in a summary
    std::vector<std::uint16_t> place_of_id_ = std::vector<std::uint16_t>(65'536, kNoPlace);
    LinkRows rows_;
    std::map<NodeId, NodeLoad> loads_;
    std::uint64_t fleet_ = 0;  // counts sets of nodes
    std::uint32_t generation_ = 0;
    std::deque<std::shared_ptr<const MeshSummary>> kept_;          // ascending generations
    std::map<std::uint32_t, std::vector<std::uint8_t>> messages_;  // of the newest summary, by what the receiver holds
};

}  // namespace izar
