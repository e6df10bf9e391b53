// mesh_summary.h -- MeshSummary: what a node is told of everybody else's links and of the nodes themselves.
//
// Two tables of one form. A table lists items (links by both ends, nodes by themselves) with a few quantized
// columns; every item belongs to a group (the pair of its ends' regions, or the node's class), and a group may
// have one representative value per column. What is not listed is either absent (nobody needs it) or
// represented by its group; a listed item may be represented, too. Column 0 of the link table is the RTT in ms
// or, where it is alone, the cost that paths are chosen by.
//
// Thread: a value.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sched/matrix.h"
#include "sched/summary/prune.h"
#include "sched/summary/quantizer.h"

namespace izar {

inline constexpr std::size_t kMaxColumns = 7;           // what three bits hold
inline constexpr std::size_t kMaxGroups = 256;          // regions, or node classes
inline constexpr std::size_t kMaxSummaryNodes = 16384;  // more than a fleet holds: controllers summarize many fleets

enum class Rest : std::uint8_t { absent, represented };

struct SummaryItem {
    LinkIndex at;              // a node item: from = 0, to = the node
    bool represented = false;  // its values are the group's, and the codes below are 0
    std::array<Code, kMaxColumns> codes{};
    friend bool operator==(const SummaryItem&, const SummaryItem&) = default;
};

struct ItemTable {
    Rest rest = Rest::absent;
    std::vector<std::uint8_t> fraction_bits;  // of each column's quantizer; empty: there is no such table
    std::vector<Code> groups;                 // [group][column]; empty: groups have no values
    std::vector<SummaryItem> items;           // ascending, no two at the same place
    friend bool operator==(const ItemTable&, const ItemTable&) = default;

    std::size_t columns() const noexcept { return fraction_bits.size(); }
    Code group_code(std::size_t group, std::size_t column) const noexcept {
        return groups.empty() ? kUnknownCode : groups[group * columns() + column];
    }
};

struct MeshSummary {
    std::uint32_t generation = 0;
    std::uint16_t nodes = 0;
    bool symmetric = false;               // links are listed once, from < to, and hold both ways
    std::vector<std::uint8_t> region_of;  // by node; empty: one region
    std::vector<std::uint8_t> class_of;   // by node; empty: one class
    ItemTable links;
    ItemTable node_items;
    friend bool operator==(const MeshSummary&, const MeshSummary&) = default;

    // Everything but generation and items is equal: one can be sent as a change of the other.
    bool same_shape(const MeshSummary& other) const;

    std::size_t region_count() const noexcept { return count_of(region_of); }
    std::size_t class_count() const noexcept { return count_of(class_of); }
    std::size_t link_groups() const noexcept { return pairs(region_count()); }
    // The group of a link, of link_groups(); `regions` is region_count(), which costs a pass over all nodes.
    std::size_t link_group(LinkIndex link, std::size_t regions) const noexcept;

    // A column of every link as the receiver reads it: the item, else the group's value or kUnknownRtt.
    RttMatrix believed_links(std::size_t column = 0) const;
    // The same without a matrix: each link that may be known, in order, with the codes of all columns.
    using LinkCall = std::function<void(LinkIndex at, std::span<const Code> codes)>;
    void for_each_link(const LinkCall& call) const;

  private:
    struct ListedLink {
        LinkIndex at;
        const SummaryItem* item;
    };
    std::vector<ListedLink> listed_links() const;
    static std::size_t count_of(const std::vector<std::uint8_t>& group_of) noexcept;
    std::size_t pairs(std::size_t regions) const noexcept {
        return symmetric ? regions * (regions + 1) / 2 : regions * regions;
    }
};

}  // namespace izar
