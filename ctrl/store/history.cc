#include "ctrl/store/history.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::array<std::string_view, 8> kMetricNames{"rtt_ms",       "loss_ratio",      "bandwidth_bps",
                                                       "cpu_percent",  "client_rtt_ms",   "origin_rtt_ms",
                                                       "stamp_rtt_ms", "stamp_loss_ratio"};
static_assert(kMetricNames[static_cast<std::size_t>(HistoryMetric::stamp_loss_ratio)] == "stamp_loss_ratio");

// Middle of the bucket, in hours after `origin`.
double hours_after(WallTime origin, const HistoryPoint& point) {
    const std::chrono::duration<double, std::ratio<3600>> start = point.start - origin;
    const std::chrono::duration<double, std::ratio<3600>> width = point.width;
    return start.count() + width.count() / 2;
}

double weighted_mean(std::span<const HistoryPoint> points) {
    double weight = 0;
    double sum = 0;
    for (const HistoryPoint& point : points) {
        weight += static_cast<double>(point.count);
        sum += static_cast<double>(point.count) * point.mean;
    }
    return weight > 0 ? sum / weight : 0;
}

// Mean of the last tenth of the time against the mean of what came before.
double ratio_of_recent(std::span<const HistoryPoint> points) {
    const WallTime first = points.front().start;
    const auto whole = points.back().start + points.back().width - first;
    const WallTime border = first + whole * 9 / 10;
    const auto split =
        std::find_if(points.begin(), points.end(), [&](const HistoryPoint& point) { return point.start >= border; });
    const auto at = std::clamp<std::ptrdiff_t>(split - points.begin(), 1, std::ssize(points) - 1);
    const double before = weighted_mean(points.first(static_cast<std::size_t>(at)));
    const double recent = weighted_mean(points.subspan(static_cast<std::size_t>(at)));
    return before != 0 ? recent / before : 1;
}

HistoryPoint merged(std::span<const HistoryPoint> run) {
    HistoryPoint out = run.front();
    out.width = std::chrono::duration_cast<std::chrono::seconds>(run.back().start - out.start) + run.back().width;
    out.mean = weighted_mean(run);
    out.count = 0;
    for (const HistoryPoint& point : run) {
        out.count += point.count;
        out.least = std::min(out.least, point.least);
        out.greatest = std::max(out.greatest, point.greatest);
    }
    return out;
}

}  // namespace

std::string_view history_metric_name(HistoryMetric metric) {
    return kMetricNames[static_cast<std::size_t>(metric)];
}

std::optional<HistoryMetric> find_history_metric(std::string_view name) {
    const auto* found = std::find(kMetricNames.begin(), kMetricNames.end(), name);
    if (found == kMetricNames.end()) {
        return std::nullopt;
    }
    return static_cast<HistoryMetric>(found - kMetricNames.begin());
}

HistoryTiers default_history_tiers() {
    using std::chrono::hours;
    using std::chrono::seconds;
    return {{.width = seconds{10}, .keep = hours{6}},
            {.width = seconds{60}, .keep = hours{24 * 7}},
            {.width = seconds{3600}, .keep = hours{24 * 400}}};
}

std::optional<Trend> trend_of(std::span<const HistoryPoint> points) {
    if (points.size() < 3) {
        return std::nullopt;
    }
    const WallTime origin = points.front().start;
    double weight = 0;
    double mean_x = 0;
    double mean_y = 0;
    for (const HistoryPoint& point : points) {
        const auto w = static_cast<double>(point.count);
        weight += w;
        mean_x += w * hours_after(origin, point);
        mean_y += w * point.mean;
    }
    if (weight <= 0) {
        return std::nullopt;
    }
    mean_x /= weight;
    mean_y /= weight;
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (const HistoryPoint& point : points) {
        const auto w = static_cast<double>(point.count);
        const double x = hours_after(origin, point) - mean_x;
        const double y = point.mean - mean_y;
        xx += w * x * x;
        xy += w * x * y;
        yy += w * y * y;
    }
    Trend trend{.mean = mean_y};
    trend.per_hour = xx > 0 ? xy / xx : 0;
    trend.fit = xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
    trend.recent_ratio = ratio_of_recent(points);
    return trend;
}

std::vector<HistoryPoint> thinned(std::span<const HistoryPoint> points, std::uint32_t most) {
    CHECK(most >= 1);
    const std::size_t run = (points.size() + most - 1) / most;
    std::vector<HistoryPoint> out;
    for (std::size_t at = 0; at < points.size(); at += run) {
        out.push_back(merged(points.subspan(at, std::min(run, points.size() - at))));
    }
    return out;
}

}  // namespace izar
