// limits.h -- Every fixed limit of the data plane, in one place, related by static_assert.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

inline constexpr std::size_t kMaxBurst = 32;            // packets that one pass of the pipeline takes
inline constexpr std::size_t kMaxLcores = 16;           // bounded by the lcore bits of a packet number
inline constexpr std::size_t kMaxPorts = 8;             // DPDK ports, exception TAPs included
inline constexpr std::size_t kMaxNodes = 1024;          // nodes of one fleet, this one included
inline constexpr std::size_t kMaxServices = 4096;       // services of one table
inline constexpr std::size_t kMaxEgresses = 64;         // egress nodes of one service
inline constexpr std::size_t kMaxOrigins = 64;          // origins of one service
inline constexpr std::size_t kMaxEgressAddresses = 16;  // NAT addresses of one node, a family
inline constexpr std::size_t kMaxLocalAddresses = 32;   // addresses of this node's own ports
inline constexpr std::size_t kMaxNeighbors = 4096;      // next hops with a MAC address
inline constexpr std::size_t kKeptNeighbors = 1024;     // of them for gateways, peers and origins
inline constexpr std::size_t kMaxStampPeers = 64;       // addresses whose STAMP probes are answered
inline constexpr std::size_t kMaxStampSessions = 32;    // STAMP sessions that one node sends at a time
inline constexpr std::size_t kMaxHeld = 512;            // packets that wait for a MAC address
inline constexpr std::size_t kMaxSegments = 3;          // ingress -> relay -> relay -> egress
inline constexpr std::size_t kMaxPolicies = 8;          // routing policies in force at once
inline constexpr std::size_t kMaxPaths = 4;             // alternatives a Destination holds
inline constexpr std::size_t kPathWatches = 4;          // paths to one node that are probed
inline constexpr std::size_t kSpreadSlots = 16;         // flow-hash slots over those alternatives
inline constexpr std::size_t kMaglevSlots = 4093;       // prime, as Maglev's permutation needs
inline constexpr std::size_t kNameLength = 32;          // node and service names, terminator included

inline constexpr std::uint16_t kFirstNatPort = 1024;     // ports below are never used for translation
inline constexpr std::uint16_t kGenevePort = 6081;       // RFC 8926 section 3.3
inline constexpr std::uint16_t kFirstStampSource = 864;  // source ports of STAMP sessions, one each
inline constexpr std::uint16_t kFirstOuterPort = 49152;

static_assert(kMaxEgresses < kMaglevSlots / 60, "Maglev: slots >= ~100 x members for an even share");
static_assert(kMaxNodes < raw(kNoSlot));
static_assert(kFirstStampSource + kMaxStampSessions <= kFirstNatPort, "no session of a flow has such a port");
static_assert(kMaxLcores <= 256, "the sending lcore is the top byte of a packet number");

}  // namespace izar
