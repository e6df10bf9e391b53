// route_table.h -- RouteTable: which path a flow to each node takes. Immutable once published.
//
// Written by the scheduler thread into a table of a fixed pool (publisher.h), read by every lcore. An
// lcore combines it with the link-down flags that change between two tables: one load decides between
// a path and its backup, without a branch per case.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"

namespace izar {

// The nodes after this one, in order; the last is the egress (or, for replies, the ingress).
struct Path {
    std::array<NodeId, kMaxSegments> segments{};  // kNoNode-padded at the end
    std::uint8_t length = 0;                      // 1..3; 0 = no path
    std::uint8_t reserved = 0;
    NodeSlot first_link = kNoSlot;  // slot of segments[0]
    std::uint16_t inner_mtu = 0;    // largest inner IP packet that fits every link of the path, in bytes
    std::uint32_t predicted_rtt_us = 0;

    friend bool operator==(const Path& a, const Path& b) noexcept { return a.segments == b.segments; }
};
static_assert(sizeof(Path) == 16);

// Everything an lcore needs to send to one node. path[0] is the primary; spread maps the low bits of a
// flow hash to a path; backup[i] is the path to take while path[i]'s first link is down.
struct alignas(64) Destination {
    std::array<Path, kMaxPaths> path{};
    std::array<std::uint8_t, kSpreadSlots> spread{};  // indices into path
    std::array<std::uint8_t, kMaxPaths> backup{};     // indices into path; own index = no backup
    std::uint8_t path_count = 0;                      // 0: the node cannot be reached
};
static_assert(sizeof(Destination) == 128);

// One set of destinations for each routing policy in force; those of other policies mean nothing.
struct RouteTable {
    std::uint64_t generation = 0;
    // Changes whenever a service may follow another policy than before; a flow that remembers its policy under another
    // version looks it up again. It wraps, after more changes than a flow can sleep through.
    std::uint16_t policy_version = 0;
    std::array<Destination, kMaxPolicies * kMaxNodes> destination{};  // by policy, then slot

    const Destination& to(NodeSlot slot) const noexcept { return destination[raw(slot)]; }  // by the default policy
    const Destination& to(PolicyIndex policy, NodeSlot slot) const noexcept {
        return destination[raw(policy) * kMaxNodes + raw(slot)];
    }
    std::span<Destination, kMaxNodes> of(PolicyIndex policy) noexcept {
        return std::span{destination}.subspan(raw(policy) * kMaxNodes).first<kMaxNodes>();
    }
};

}  // namespace izar
