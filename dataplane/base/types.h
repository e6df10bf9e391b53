// types.h -- The strong types that every part of izar speaks: ids, time, verdict-free basics.
//
// Thread: values only. Units live in the types here and in the suffix of a name on the wire.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace izar {

// A duration in nanoseconds. Signed, so that differences need no care.
using Nanos = std::chrono::nanoseconds;

// The clock of one process life: monotonic, starts anywhere, never compared between nodes.
// Only `main` functions read it; everything else gets `now` as a parameter.
struct NodeClock {
    using duration = Nanos;
    using rep = Nanos::rep;
    using period = Nanos::period;
    using time_point = std::chrono::time_point<NodeClock, Nanos>;
    static constexpr bool is_steady = true;
};
using Instant = NodeClock::time_point;

// Controller-given id of a node, 1..65535; kNoNode is "none".
enum class NodeId : std::uint16_t {};
inline constexpr NodeId kNoNode{0};

// A service's id: 24 bits, carried as the GENEVE VNI. 0 is used by control packets only.
enum class ServiceId : std::uint32_t {};
inline constexpr ServiceId kNoService{0};

// Dense index of a node in the Fleet table in force, 0..kMaxNodes-1. Also the index of the link
// from this node to that one, because a node has exactly one link to every other node.
enum class NodeSlot : std::uint16_t {};
inline constexpr NodeSlot kNoSlot{0xFFFF};

// Dense index of a routing policy in force, 0..kMaxPolicies-1; the default policy is 0.
enum class PolicyIndex : std::uint8_t {};
inline constexpr PolicyIndex kDefaultPolicy{0};

// Dense index of an lcore of this process, 0..kMaxLcores-1.
enum class LcoreIndex : std::uint8_t {};

// Index of an entry of the neighbour table: the MAC address of a next hop.
enum class NeighborIndex : std::uint16_t {};
inline constexpr NeighborIndex kNoNeighbor{0xFFFF};

// Dense index of a DPDK port that izar-edge opened.
enum class PortIndex : std::uint8_t {};
inline constexpr PortIndex kNoPort{0xFF};

template <typename E>
constexpr auto raw(E e) noexcept {
    return static_cast<std::underlying_type_t<E>>(e);
}

enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

}  // namespace izar
