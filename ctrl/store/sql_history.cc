#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "ctrl/store/sql_store.h"
#include "ctrl/store/wall_text.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

struct Bucket {
    std::int64_t samples = 0;
    double total = 0;
    double least = 0;
    double greatest = 0;

    void add(double value) {
        least = samples == 0 ? value : std::min(least, value);
        greatest = samples == 0 ? value : std::max(greatest, value);
        total += value;
        ++samples;
    }
};

using BucketKey = std::tuple<HistoryMetric, HistorySubject, std::int64_t>;  // last: start in seconds

std::int64_t start_of(WallTime at, std::chrono::seconds width) {
    const auto second = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    return second - second % width.count();
}

// What an INSERT into izar_history does where the bucket is there: the two become one.
std::string merge_buckets(SqlDialect dialect) {
    const auto of = [&](std::string_view column) { return sql_incoming(dialect, column); };
    // SQLite's MIN of two is MariaDB's LEAST, so both write it out.
    return sql_on_conflict(dialect, "metric, from_id, to_id, width_s, start_s") + "samples = izar_history.samples + " +
           of("samples") + ", total = izar_history.total + " + of("total") + ", least = CASE WHEN " + of("least") +
           " < izar_history.least THEN " + of("least") + " ELSE izar_history.least END, greatest = CASE WHEN " +
           of("greatest") + " > izar_history.greatest THEN " + of("greatest") + " ELSE izar_history.greatest END";
}

// Where both a fine and a coarse bucket cover the same time, they hold different samples: each point of the result
// covers a time of its own, as wide as the coarsest bucket that touches it.
std::vector<HistoryPoint> without_overlap(const std::vector<HistoryPoint>& points) {
    std::vector<HistoryPoint> out;
    for (const HistoryPoint& point : points) {
        if (out.empty() || out.back().start + out.back().width <= point.start) {
            out.push_back(point);
            continue;
        }
        HistoryPoint& last = out.back();
        const auto count = static_cast<double>(last.count);
        const auto more = static_cast<double>(point.count);
        last.mean = (last.mean * count + point.mean * more) / (count + more);
        last.count += point.count;
        last.least = std::min(last.least, point.least);
        last.greatest = std::max(last.greatest, point.greatest);
    }
    return out;
}

}  // namespace

StoreResult<void> SqlStore::write_history(std::span<const HistorySample> samples) {
    const std::chrono::seconds width = options_.tiers.front().width;
    std::map<BucketKey, Bucket> buckets;
    for (const HistorySample& sample : samples) {
        buckets[{sample.metric, sample.subject, start_of(sample.at, width)}].add(sample.value);
    }
    Transaction transaction = writing("write_history", Durability::relaxed);
    const std::string statement =
        "INSERT INTO izar_history (metric, from_id, to_id, width_s, start_s, samples, total, least, greatest)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" +
        merge_buckets(transaction.dialect());
    for (const auto& [key, bucket] : buckets) {
        const auto& [metric, subject, start] = key;
        transaction.run("bucket_written", statement,
                        {std::int64_t{static_cast<std::uint8_t>(metric)}, std::int64_t{raw(subject.from)},
                         std::int64_t{raw(subject.to)}, std::int64_t{width.count()}, start, bucket.samples,
                         bucket.total, bucket.least, bucket.greatest});
    }
    return transaction.finish();
}

StoreResult<std::vector<HistoryPoint>> SqlStore::history(const HistoryQuery& query) {
    Transaction transaction = reading();
    std::vector<HistoryPoint> points;
    const auto seconds = [](WallTime time) {
        return std::int64_t{std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()};
    };
    for (const SqlRow& row : transaction.query(
             "SELECT start_s, width_s, samples, total, least, greatest FROM izar_history WHERE metric = ? AND"
             " from_id = ? AND to_id = ? AND start_s + width_s > ? AND start_s < ? ORDER BY start_s, width_s DESC",
             {std::int64_t{static_cast<std::uint8_t>(query.metric)}, std::int64_t{raw(query.subject.from)},
              std::int64_t{raw(query.subject.to)}, seconds(query.from), seconds(query.to)})) {
        const auto count = static_cast<std::uint64_t>(row.integer(2));
        points.push_back({.start = WallTime{std::chrono::seconds{row.integer(0)}},
                          .width = std::chrono::seconds{row.integer(1)},
                          .count = count,
                          .mean = row.number(3) / static_cast<double>(std::max<std::uint64_t>(count, 1)),
                          .least = row.number(4),
                          .greatest = row.number(5)});
    }
    auto series = thinned(without_overlap(points), std::max(query.most_points, 1U));
    return transaction.finish(std::move(series));
}

// --- Upkeep ---

namespace {

// Moves buckets of `fine` that end before the border into buckets of `coarse`.
void fold(Transaction& transaction, const HistoryTier& fine, const HistoryTier& coarse, WallTime now) {
    CHECK(coarse.width % fine.width == std::chrono::seconds{0});
    const std::int64_t wide = coarse.width.count();
    const std::int64_t border = start_of(now - fine.keep, coarse.width);
    transaction.run("history_folded",
                    "INSERT INTO izar_history (metric, from_id, to_id, width_s, start_s, samples, total, least,"
                    " greatest) SELECT metric, from_id, to_id, ?, start_s - start_s % ?, SUM(samples), SUM(total),"
                    " MIN(least), MAX(greatest) FROM izar_history WHERE width_s = ? AND start_s < ?"
                    " GROUP BY metric, from_id, to_id, start_s - start_s % ?" +
                        merge_buckets(transaction.dialect()),
                    {wide, wide, std::int64_t{fine.width.count()}, border, wide});
    transaction.run("fine_buckets_dropped", "DELETE FROM izar_history WHERE width_s = ? AND start_s < ?",
                    {std::int64_t{fine.width.count()}, border});
}

// Marks that are old enough are dropped; a reader who still needs one gets everything instead.
void forget_removals(Transaction& transaction, WallTime before) {
    const SqlValues age{stored(before)};
    const auto rows = transaction.query("SELECT MAX(version) FROM izar_removals WHERE removed_ms < ?", age);
    const auto newest = rows.empty() ? 0 : static_cast<std::uint64_t>(rows.front().integer(0));
    if (newest > read_state(transaction, kForgottenState, false)) {
        write_state(transaction, kForgottenState, newest);
        transaction.run("removals_forgotten", "DELETE FROM izar_removals WHERE removed_ms < ?", age);
    }
}

// A revoked node's address may be another's by now.
void drop_links_of_revoked(Transaction& transaction) {
    const SqlValue revoked = std::int64_t{static_cast<std::uint8_t>(NodeState::revoked)};
    constexpr std::string_view kGone =
        "(SELECT address FROM izar_nodes WHERE state = ? AND address NOT IN"
        " (SELECT address FROM izar_nodes WHERE state <> ?))";
    transaction.run("revoked_links_dropped",
                    fmt::format("DELETE FROM network_metrics WHERE source_ip IN {0} OR destination_ip IN {0}", kGone),
                    {revoked, revoked, revoked, revoked});
}

}  // namespace

StoreResult<void> SqlStore::compact(WallTime now) {
    connection_->expect_long(true);
    auto done = compacted(now);
    connection_->expect_long(false);
    return done;
}

StoreResult<void> SqlStore::compacted(WallTime now) {
    Transaction transaction = writing("compact");
    const HistoryTiers& tiers = options_.tiers;
    for (std::size_t i = 0; i + 1 < tiers.size(); ++i) {
        fold(transaction, tiers[i], tiers[i + 1], now);
    }
    transaction.run("history_dropped", "DELETE FROM izar_history WHERE width_s = ? AND start_s < ?",
                    {std::int64_t{tiers.back().width.count()}, start_of(now - tiers.back().keep, tiers.back().width)});
    const std::string oldest = wall_text(now - options_.keep_samples);
    // The last sample of a node stays, however old: it says when the node was last heard.
    transaction.run(
        "samples_dropped",
        "DELETE FROM system_info WHERE timestamp < ? AND id NOT IN (SELECT last FROM (SELECT MAX(id) AS last"
        " FROM system_info GROUP BY ip) AS latest)",
        {oldest});
    transaction.run("probes_dropped", "DELETE FROM region_probe_info WHERE probe_time < ?", {oldest});
    transaction.run("metrics_dropped", "DELETE FROM network_metrics WHERE updated_at < ?", {oldest});
    drop_links_of_revoked(transaction);
    // A token is kept as long again as a removal, so that 'izar tokens' can tell why a join was denied.
    transaction.run("tokens_dropped", "DELETE FROM izar_tokens WHERE expires_ms < ?",
                    {stored(now - options_.keep_removals)});
    forget_removals(transaction, now - options_.keep_removals);
    return transaction.finish();
}

}  // namespace izar
