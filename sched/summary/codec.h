// codec.h -- Summaries as bytes: docs/summary-format.md is the written form of what is here.
//
// Thread: pure functions. The decoder takes any bytes: it never reads out of bounds, never allocates more than
//         the limits allow, and accepts nothing that does not decode to what its digest says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/summary/mesh_summary.h"

namespace izar {

inline constexpr std::uint8_t kSummaryVersion = 1;

enum class SummaryMessage : std::uint8_t { full = 1, delta = 2 };

struct DecodeLimits {
    std::size_t nodes = kMaxSummaryNodes;
    std::size_t items = 1 << 20;  // of one table
};

struct SummaryHeader {
    SummaryMessage message = SummaryMessage::full;
    std::uint32_t generation = 0;
    std::uint32_t base = 0;    // delta: the generation that it changes
    std::uint32_t digest = 0;  // of the summary that decoding gives
};
inline constexpr std::size_t kSummaryHeaderBytes = 14;

std::vector<std::uint8_t> encode_full(const MeshSummary& summary);

// Nothing if the shapes differ: send a full one.
std::optional<std::vector<std::uint8_t>> encode_delta(const MeshSummary& base, const MeshSummary& summary);

Result<SummaryHeader> read_header(std::span<const std::uint8_t> bytes);

// `base` is the summary of generation header.base, or null; needed by a delta only.
Result<MeshSummary> decode_summary(std::span<const std::uint8_t> bytes, const MeshSummary* base,
                                   const DecodeLimits& limits = {});

}  // namespace izar
