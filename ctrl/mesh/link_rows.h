// link_rows.h -- LinkRows: what every node measured of its links, 20 bytes a link.
//
// A fleet of 1,000 nodes has a million links, and its controller holds all of them: a row is one sorted array. (As maps
// of FeedLink they took 110 MiB.)
//
// Thread:  one.
// Bounds:  kept as agents tell it, delays in microseconds (up to 71 minutes) and loss in millionths; of samples 32,767
//          are enough. Used bandwidth in kbit/s, up to 4 Tbit/s; a node's links share one capacity.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "sched/feed.h"

namespace izar {

class LinkRows {
  public:
    // Replaces the row of `from`. Of links to the same node the last counts; what their `from` says is not read.
    void set_row(NodeId from, std::span<const FeedLink> links);
    // Replaces or adds one link.
    void set(const FeedLink& link);
    void erase_row(NodeId from);
    // Forgets all links from or to others.
    void keep_only(const std::set<NodeId>& nodes);

    std::optional<FeedLink> find(NodeId from, NodeId to) const;
    // In order of (from, to), from the first on that is greater than (from, to); at most `most`.
    std::vector<FeedLink> after(NodeId from, NodeId to, std::size_t most) const;
    // All, in order of (from, to).
    template <typename Call>
    void for_each(Call&& call) const {
        for (const auto& [from, row] : rows_) {
            for (const Cell& cell : row.cells) {
                call(link_of(from, row, cell));
            }
        }
    }
    // What each node that has a row says of its link to `to`, if anything.
    template <typename Call>
    void for_each_to(NodeId to, Call&& call) const {
        for (const auto& [from, row] : rows_) {
            if (const Cell* const cell = find_cell(row, to); cell != nullptr) {
                call(link_of(from, row, *cell));
            }
        }
    }
    std::size_t size() const noexcept;  // links
    // What goes out on all links of each node that told it, and the capacity that they share.
    std::map<NodeId, Bandwidth> uplinks() const;

  private:
    struct Cell {
        std::uint32_t rtt_us;
        std::uint32_t variation_us;
        std::uint32_t loss_ppm;
        std::uint32_t used_kbps;  // kNotTold: not measured
        NodeId to;
        std::uint16_t count : 15;
        std::uint16_t reachable : 1;
    };
    static_assert(sizeof(Cell) == 20);
    static constexpr std::uint32_t kNotTold = 0xFFFFFFFF;
    struct Row {
        BitRate capacity = kNoRate;
        std::vector<Cell> cells;  // ascending by `to`
    };

    static Cell cell_of(const FeedLink& link);
    static FeedLink link_of(NodeId from, const Row& row, const Cell& cell);
    static const Cell* find_cell(const Row& row, NodeId to);

    std::map<NodeId, Row> rows_;
};

}  // namespace izar
