// history.h -- Series of measurements over days: what is kept for how long, and what a reader gets.
//
// A sample lands in a bucket of the finest resolution; compaction folds old buckets into coarser ones and drops the
// oldest. A bucket keeps count, sum, least and greatest, so folding loses detail in time but no mean and no extreme.
//
// Thread: values and pure functions only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/store/records.h"
#include "dataplane/base/types.h"

namespace izar {

// The store has their numbers: new ones go to the end.
enum class HistoryMetric : std::uint8_t {
    rtt_ms,
    loss_ratio,
    bandwidth_bps,
    cpu_percent,
    client_rtt_ms,     // of a node, to its clients
    origin_rtt_ms,     // of a node, to the origins
    stamp_rtt_ms,      // of a node to another, by STAMP past the overlay
    stamp_loss_ratio,  // the same
};

// Name of a metric in tables, JSON and the command line: that of the enumerator.
std::string_view history_metric_name(HistoryMetric metric);
std::optional<HistoryMetric> find_history_metric(std::string_view name);

// A link (both ends) or a node (`to` is kNoNode).
struct HistorySubject {
    NodeId from = kNoNode;
    NodeId to = kNoNode;
    friend auto operator<=>(const HistorySubject&, const HistorySubject&) = default;
};

struct HistorySample {
    HistorySubject subject;
    HistoryMetric metric = HistoryMetric::rtt_ms;
    WallTime at;
    double value = 0;
};

struct HistoryPoint {
    WallTime start;  // of the bucket
    std::chrono::seconds width{};
    std::uint64_t count = 0;
    double mean = 0;
    double least = 0;
    double greatest = 0;
    friend bool operator==(const HistoryPoint&, const HistoryPoint&) = default;
};

// One step of thinning: buckets of this width are kept for this long, then folded into the next tier's.
struct HistoryTier {
    std::chrono::seconds width;
    std::chrono::seconds keep;
};

// From fine to coarse; each width a multiple of the one before. What outlives the last tier is dropped.
using HistoryTiers = std::vector<HistoryTier>;
HistoryTiers default_history_tiers();  // 10 s for 6 hours, 1 minute for 7 days, 1 hour for 400 days

struct HistoryQuery {
    HistorySubject subject;
    HistoryMetric metric = HistoryMetric::rtt_ms;
    WallTime from;
    WallTime to;                      // exclusive
    std::uint32_t most_points = 500;  // neighbouring buckets are merged until no more are left
};

// Where a series is going: the line of least squares through its points, each weighted by its count.
struct Trend {
    double mean = 0;
    double per_hour = 0;      // slope, in the metric's unit
    double fit = 0;           // R squared, 0..1: how much of the variation the line explains
    double recent_ratio = 1;  // mean of the last tenth of the time against that of the rest; 1: no change
};

// Nothing for fewer than three points: two always lie on a line.
std::optional<Trend> trend_of(std::span<const HistoryPoint> points);

// Merges runs of neighbours of one width, oldest first, until at most `most` are left; most >= 1.
std::vector<HistoryPoint> thinned(std::span<const HistoryPoint> points, std::uint32_t most);

}  // namespace izar
