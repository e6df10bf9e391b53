// critical.h -- Changes that do not wait for the next summary: a link or node down or up, a node withdrawn.
//
// A message is a short list, complete in itself: whoever gets it applies it over the newest summary, whichever
// that is, and drops it when a summary of at least `until` generations arrives, which then contains it.
//
// Thread: pure functions.
// Layout: bytes, big-endian: version, count, generation until which it holds (4), then per change: kind, node id
//         (2), far node id (2, 0 where the change is about a node).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

enum class CriticalKind : std::uint8_t { link_down = 1, link_up = 2, node_down = 3, node_up = 4, withdrawn = 5 };

struct CriticalChange {
    CriticalKind kind = CriticalKind::link_down;
    NodeId node = kNoNode;
    NodeId far_node = kNoNode;  // of a link; kNoNode for a node
    friend bool operator==(const CriticalChange&, const CriticalChange&) = default;
};

struct CriticalMessage {
    std::uint32_t until = 0;
    std::vector<CriticalChange> changes;
    friend bool operator==(const CriticalMessage&, const CriticalMessage&) = default;
};

inline constexpr std::uint8_t kCriticalVersion = 1;
inline constexpr std::size_t kMaxCriticalChanges = 255;  // of one message; more are sent as several

// Requires: at most kMaxCriticalChanges.
std::vector<std::uint8_t> encode_critical(const CriticalMessage& message);
Result<CriticalMessage> decode_critical(std::span<const std::uint8_t> bytes);

}  // namespace izar
