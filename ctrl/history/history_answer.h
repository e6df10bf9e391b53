// history_answer.h -- What `izar history` is told: a series and where it is going, as JSON.
//
// Thread: that of the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ctrl/store/store.h"

namespace izar {

struct HistoryRequest {
    NodeId from = kNoNode;
    NodeId to = kNoNode;              // none: the node itself
    std::string metric;               // empty: rtt_ms of a link, cpu_percent of a node
    std::chrono::hours last{24};      // at most kMostHistory
    std::uint32_t most_points = 120;  // at most kMostHistoryPoints
};

inline constexpr std::chrono::hours kMostHistory{24 * 400};
inline constexpr std::uint32_t kMostHistoryPoints = 2'000;

// {"from", "to", "metric", "points": [{"start_s", "width_s", "count", "mean", "least", "greatest"}], "trend":
// {"mean", "per_hour", "fit", "recent_ratio"}}; `to` and `trend` are null where there is none.
StoreResult<std::string> history_answer(Store& store, const HistoryRequest& request, WallTime now);

}  // namespace izar
