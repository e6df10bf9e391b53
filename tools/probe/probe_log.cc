#include "tools/probe/probe_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace izar::probe {
namespace {

using nlohmann::json;

double to_ms(Nanos duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

// The sample below which a share of at least `quantile` lies (nearest rank); requires a sorted, filled vector.
Nanos nearest_rank(const std::vector<Nanos>& sorted, double quantile) {
    const auto rank = static_cast<std::size_t>(quantile * static_cast<double>(sorted.size()));
    return sorted[std::min(rank, sorted.size() - 1)];
}

json percentiles(std::vector<Nanos> samples) {
    if (samples.empty()) {
        return nullptr;
    }
    std::sort(samples.begin(), samples.end());
    return {{"min", to_ms(samples.front())},
            {"p50", to_ms(nearest_rank(samples, 0.50))},
            {"p90", to_ms(nearest_rank(samples, 0.90))},
            {"p99", to_ms(nearest_rank(samples, 0.99))},
            {"p99_9", to_ms(nearest_rank(samples, 0.999))},
            {"max", to_ms(samples.back())}};
}

}  // namespace

void ProbeLog::on_sent(Nanos late) {
    round_trips_.push_back(kNoReply);
    arrived_.push_back(false);
    lateness_.push_back(late);
}

void ProbeLog::on_reply(std::uint64_t sequence, Nanos round_trip, Nanos one_way) {
    if (sequence >= round_trips_.size()) {
        return;  // not a probe of this run
    }
    if (round_trips_[sequence] != kNoReply) {
        ++duplicated_;
        return;
    }
    if (received_ != 0 && sequence < highest_) {
        ++reordered_;
    }
    highest_ = std::max(highest_, sequence);
    ++received_;
    round_trips_[sequence] = round_trip;
    arrived_[sequence] = true;
    one_ways_.push_back(one_way);
    recent_.push_back(round_trip);
}

void ProbeLog::on_arrival(std::uint64_t sequence) {
    if (sequence < arrived_.size()) {
        arrived_[sequence] = true;
    }
}

Nanos ProbeLog::take_recent_round_trip() {
    if (recent_.empty()) {
        return Nanos{-1};
    }
    const auto middle = recent_.begin() + static_cast<std::ptrdiff_t>(recent_.size() / 2);
    std::nth_element(recent_.begin(), middle, recent_.end());
    const Nanos median = *middle;
    recent_.clear();
    return median;
}

json ProbeLog::report() const {
    std::vector<Nanos> answered;
    std::copy_if(round_trips_.begin(), round_trips_.end(), std::back_inserter(answered),
                 [](Nanos round_trip) { return round_trip != kNoReply; });
    return {{"sent", sent_count()},
            {"received", received_},
            {"lost", sent_count() - received_},
            {"duplicated", duplicated_},
            {"reordered", reordered_},
            {"interval_ms", to_ms(interval_)},
            {"rtt_ms", percentiles(std::move(answered))},
            {"one_way_ms", percentiles(one_ways_)},
            {"send_late_ms", percentiles(lateness_)},
            {"lost_ranges", ranges_where([this](std::size_t i) { return round_trips_[i] == kNoReply; })},
            {"lost_out_ranges", ranges_where([this](std::size_t i) { return !arrived_[i]; })},
            {"lost_back_ranges",
             ranges_where([this](std::size_t i) { return arrived_[i] && round_trips_[i] == kNoReply; })}};
}

template <typename IsLost>
json ProbeLog::ranges_where(const IsLost& is_lost) const {
    json ranges = json::array();
    std::size_t i = 0;
    while (i < round_trips_.size()) {
        if (!is_lost(i)) {
            ++i;
            continue;
        }
        const std::size_t first = i;
        while (i < round_trips_.size() && is_lost(i)) {
            ++i;
        }
        const auto time_of = [this](std::size_t sequence) { return to_ms(interval_) * static_cast<double>(sequence); };
        ranges.push_back(
            {{"first", first}, {"last", i - 1}, {"from_ms", time_of(first)}, {"span_ms", time_of(i) - time_of(first)}});
    }
    return ranges;
}

}  // namespace izar::probe
