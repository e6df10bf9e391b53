#include "dataplane/tables/maglev.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

using Permutation = std::array<std::uint16_t, kMaglevSlots>;

// One member and the order in which it asks for slots.
struct Turn {
    std::uint64_t identity;
    std::uint32_t weight;
    std::uint8_t index;    // in the caller's list
    std::uint64_t credit;  // a turn costs the largest weight, a round pays the own weight
    std::size_t asked;     // entries of `wishes` already asked for
    Permutation wishes;
};

// Fisher-Yates, which the paper names as the better choice: its own offset and skip give two members with like skips
// orders that follow each other through the table, and more than 5 % of the slots change hands when a third one leaves.
Permutation wishes_of(std::uint64_t identity) {
    Permutation slots;
    std::iota(slots.begin(), slots.end(), std::uint16_t{0});
    Random random{identity};
    for (std::uint32_t i = kMaglevSlots - 1; i > 0; --i) {
        std::swap(slots[i], slots[random.below(i + 1)]);
    }
    return slots;
}

std::vector<Turn> turns_of(std::span<const MaglevMember> members) {
    std::vector<Turn> turns;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (members[i].weight == 0) {
            continue;
        }
        turns.push_back({.identity = members[i].identity,
                         .weight = members[i].weight,
                         .index = static_cast<std::uint8_t>(i),
                         .credit = 0,
                         .asked = 0,
                         .wishes = wishes_of(members[i].identity)});
    }
    // The order of turns decides conflicts, so it must not depend on the order of the list.
    std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
        return a.identity != b.identity ? a.identity < b.identity : a.weight < b.weight;
    });
    return turns;
}

void take_slot(Turn& turn, MaglevTable& table) {
    while (table.slot[turn.wishes[turn.asked]] != MaglevTable::kNobody) {
        ++turn.asked;
    }
    table.slot[turn.wishes[turn.asked]] = turn.index;
}

}  // namespace

void build_maglev(std::span<const MaglevMember> members, MaglevTable& table) {
    CHECK(members.size() < MaglevTable::kNobody);
    table.slot.fill(MaglevTable::kNobody);
    std::vector<Turn> turns = turns_of(members);
    if (turns.empty()) {
        return;
    }
    const auto heaviest =
        std::max_element(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return a.weight < b.weight; });
    const std::uint64_t price = heaviest->weight;
    for (std::size_t taken = 0; taken < kMaglevSlots;) {
        for (Turn& turn : turns) {
            turn.credit += turn.weight;
            if (turn.credit >= price && taken < kMaglevSlots) {
                turn.credit -= price;
                take_slot(turn, table);
                ++taken;
            }
        }
    }
}

}  // namespace izar
