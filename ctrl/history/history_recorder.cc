#include "ctrl/history/history_recorder.h"

namespace izar {
namespace {

void add_link(const FeedLink& link, WallTime now, std::vector<HistorySample>& out) {
    const HistorySubject subject{link.from, link.to};
    const bool measured = link.reachable && link.count > 0;
    if (measured) {
        const std::chrono::duration<double, std::milli> rtt = link.rtt;
        out.push_back({.subject = subject, .metric = HistoryMetric::rtt_ms, .at = now, .value = rtt.count()});
    }
    if (measured || !link.reachable) {
        const double loss = link.reachable ? link.loss : 1;
        out.push_back({.subject = subject, .metric = HistoryMetric::loss_ratio, .at = now, .value = loss});
    }
    if (link.bandwidth.count > 0) {
        const auto used = static_cast<double>(raw(link.bandwidth.used));
        out.push_back({.subject = subject, .metric = HistoryMetric::bandwidth_bps, .at = now, .value = used});
    }
}

}  // namespace

std::vector<HistorySample> HistoryRecorder::next(const LinkRows& rows, std::size_t most, WallTime now) {
    return link_history(next_links(rows, most, now), now);
}

std::vector<FeedLink> HistoryRecorder::next_links(const LinkRows& rows, std::size_t most, WallTime now) {
    std::vector<FeedLink> out;
    // A clock that was set back must not stop the record.
    const bool early = now >= begun_ && now < begun_ + round_;
    if (!last_ && early) {
        return out;
    }
    if (!last_) {
        begun_ = now;
    }
    const auto [from, to] = last_.value_or(std::pair{kNoNode, kNoNode});
    out = rows.after(from, to, most);
    if (!out.empty() && out.size() == most) {
        last_ = {out.back().from, out.back().to};
        return out;
    }
    last_.reset();
    return out;
}

std::vector<HistorySample> link_history(std::span<const FeedLink> links, WallTime now) {
    std::vector<HistorySample> out;
    for (const FeedLink& link : links) {
        add_link(link, now, out);
    }
    return out;
}

std::vector<HistorySample> node_history(std::span<const SystemInfo> samples, const std::map<std::string, NodeId>& ids) {
    std::vector<HistorySample> out;
    for (const SystemInfo& sample : samples) {
        if (const auto found = ids.find(sample.ip); found != ids.end()) {
            out.push_back({.subject = {found->second, kNoNode},
                           .metric = HistoryMetric::cpu_percent,
                           .at = sample.timestamp,
                           .value = sample.cpu_usage});
        }
    }
    return out;
}

}  // namespace izar
