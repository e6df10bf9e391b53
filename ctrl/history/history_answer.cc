#include "ctrl/history/history_answer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace izar {
namespace {

using Json = nlohmann::json;

std::int64_t seconds_of(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Json points_of(const std::vector<HistoryPoint>& points) {
    Json out = Json::array();
    for (const HistoryPoint& point : points) {
        out.push_back({{"start_s", seconds_of(point.start)},
                       {"width_s", point.width.count()},
                       {"count", point.count},
                       {"mean", point.mean},
                       {"least", point.least},
                       {"greatest", point.greatest}});
    }
    return out;
}

Json trend_json(const std::optional<Trend>& trend) {
    if (!trend) {
        return nullptr;
    }
    return {{"mean", trend->mean},
            {"per_hour", trend->per_hour},
            {"fit", trend->fit},
            {"recent_ratio", trend->recent_ratio}};
}

// Links and nodes both have a bandwidth; every other metric is of one of the two.
bool fits(HistoryMetric metric, bool of_node) {
    switch (metric) {
        case HistoryMetric::bandwidth_bps:
            return true;
        case HistoryMetric::cpu_percent:
        case HistoryMetric::client_rtt_ms:
        case HistoryMetric::origin_rtt_ms:
            return of_node;
        case HistoryMetric::rtt_ms:
        case HistoryMetric::loss_ratio:
        case HistoryMetric::stamp_rtt_ms:
        case HistoryMetric::stamp_loss_ratio:
            return !of_node;
    }
    return false;
}

}  // namespace

StoreResult<std::string> history_answer(Store& store, const HistoryRequest& request, WallTime now) {
    const bool of_node = request.to == kNoNode;
    const std::string name = !request.metric.empty() ? request.metric : of_node ? "cpu_percent" : "rtt_ms";
    const auto metric = find_history_metric(name);
    if (!metric) {
        return store_fail(StoreFault::refused,
                          fmt::format("there is no metric '{}'; known are rtt_ms, loss_ratio, bandwidth_bps, "
                                      "cpu_percent, client_rtt_ms, origin_rtt_ms, stamp_rtt_ms and stamp_loss_ratio",
                                      name.substr(0, 40)));
    }
    if (!fits(*metric, of_node)) {
        return store_fail(StoreFault::refused, fmt::format("{} is of a {}; give {}", name, of_node ? "link" : "node",
                                                           of_node ? "the node at its other end, too" : "one node"));
    }
    const bool good = request.from != kNoNode && request.last > std::chrono::hours{0} && request.last <= kMostHistory &&
                      request.most_points > 0 && request.most_points <= kMostHistoryPoints;
    if (!good) {
        return store_fail(StoreFault::refused, fmt::format("give a node or two, 1 to {} hours and 1 to {} points",
                                                           kMostHistory.count(), kMostHistoryPoints));
    }
    const auto points = store.history({.subject = {request.from, request.to},
                                       .metric = *metric,
                                       .from = now - request.last,
                                       .to = now,
                                       .most_points = request.most_points});
    if (!points) {
        return tl::unexpected(points.error());
    }
    return Json{{"from", raw(request.from)},
                {"to", of_node ? Json(nullptr) : Json(raw(request.to))},
                {"metric", name},
                {"points", points_of(*points)},
                {"trend", trend_json(trend_of(*points))}}
        .dump();
}

}  // namespace izar
