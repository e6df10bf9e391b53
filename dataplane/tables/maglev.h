// maglev.h -- Consistent hashing of flows over weighted members.
//
// Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016,
// section 3.4, with shuffled permutations; weights by turns in proportion. Every node computes the same table
// from the same members, in whatever order they are listed.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/base/limits.h"

namespace izar {

struct MaglevMember {
    std::uint64_t identity = 0;  // equal on every node: a node id, or a hash of an origin's address
    std::uint32_t weight = 0;    // 0: gets no slot
};

// Slots hold indices into the member list that the table was built from.
struct MaglevTable {
    static constexpr std::uint8_t kNobody = 0xFF;
    std::array<std::uint8_t, kMaglevSlots> slot;

    std::uint8_t pick(std::uint64_t hash) const noexcept { return slot[hash % kMaglevSlots]; }
};
static_assert(kMaxEgresses < MaglevTable::kNobody && kMaxOrigins < MaglevTable::kNobody);

// Fills `table`; with no member of weight > 0 every slot is kNobody. Not for lcores: takes about a millisecond.
void build_maglev(std::span<const MaglevMember> members, MaglevTable& table);

}  // namespace izar
