// row_summary.h -- A node's own row of links as a summary: what its agent tells the controller where that is shorter.
//
// It is the node table of a summary (docs/summary-format.md, "A row"): an item a far node, a class a region, a column a
// value. Far nodes for which the median of their region speaks are not listed; the others are, and of a row that the
// receiver has already, those that left their bounds.
//
// Thread: pure functions; a RowReceiver belongs to one connection.
// Bounds: in every whole summary and every change, an RTT is at most 1 % of (itself + 0.1 ms) too high, a variation
//         12.5 % of (itself + 0.1 ms), used bandwidth 5 % of (itself + 1 Mbit/s), loss 1 % of (itself + 0.001). None is
//         too low, but what its bound cannot tell from none is none. Which links there are, which are dead and which
//         were not measured is exact; how often, is not told.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/feed.h"
#include "sched/summary/mesh_summary.h"

namespace izar {

// The nodes of a fleet in order of id, whose places are their numbers in a summary, and each one's region by number, as
// many as kMaxGroups at most.
struct RowPlaces {
    std::vector<NodeId> nodes;
    std::vector<std::uint8_t> region_of;
    friend bool operator==(const RowPlaces&, const RowPlaces&) = default;
};

// Generation 0. `row` are links of one node in order of their far ends, all of them among `places`. `base`: what the
// receiver holds, or null.
MeshSummary summarize_row(std::span<const FeedLink> row, const RowPlaces& places, const MeshSummary* base);

// The links of a row, in order of their far ends. Requires a summary that summarize_row() made, of as many nodes.
std::vector<FeedLink> links_of_row(const MeshSummary& summary, NodeId from, std::span<const NodeId> nodes);

// The receiver's side of one node: its newest row, 12 bytes a link that is listed.
class RowReceiver {
  public:
    // The row of `from` after this message. An error says that nothing was taken, and a whole row is to be asked for:
    // it changes a row that is not here, is damaged, or is none of a row of these nodes.
    Result<std::vector<FeedLink>> receive(std::span<const std::uint8_t> bytes, NodeId from,
                                          std::span<const NodeId> nodes);
    // Of the row that is here, to be acknowledged; 0: there is none.
    std::uint32_t generation() const noexcept { return shape_.generation; }

  private:
    MeshSummary unpacked() const;
    void pack(MeshSummary summary);

    MeshSummary shape_;                  // without items
    std::vector<std::uint16_t> places_;  // of the items,
    std::vector<Code> codes_;            // and their codes, [item][column]
};

}  // namespace izar
