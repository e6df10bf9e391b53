#include "ctrl/controller/measurements.h"

#include <numeric>
#include <utility>

#include "ctrl/controller/sample_record.h"

namespace izar {
namespace {

void push(std::deque<double>& window, double value) {
    window.push_back(value);
    if (window.size() > Measurements::kSamples) {
        window.pop_front();
    }
}

double mean_of(const std::deque<double>& window) {
    return std::accumulate(window.begin(), window.end(), 0.0) / static_cast<double>(window.size());
}

// From each of them to every other node.
void add_links_of(const std::set<NodeId>& withdrawn, const std::map<NodeId, FleetNode>& nodes,
                  std::vector<LinkEnds>& out) {
    for (const NodeId id : withdrawn) {
        const auto near = nodes.find(id);
        for (const auto& [other, far] : nodes) {
            if (near != nodes.end() && other != id) {
                out.push_back({near->second.overlay_address.text(), far.overlay_address.text()});
            }
        }
    }
}

}  // namespace

void Measurements::take_sample(NodeId node, SystemInfo sample) {
    samples_.insert_or_assign(node, std::move(sample));
}

void Measurements::judge_cpu() {
    // A node that said nothing for a round starts anew when it is back: its old samples tell nothing of now.
    std::erase_if(cpu_, [&](const auto& each) { return !samples_.contains(each.first); });
    std::vector<NodeId> nodes;
    std::vector<NodeLoad> loads;
    for (const auto& [node, sample] : samples_) {
        std::deque<double>& window = cpu_[node];
        push(window, sample.cpu_usage);
        NodeLoad load;
        load.cpu_percent = mean_of(window);
        for (const double value : window) {
            load.cpu_variance += (value - load.cpu_percent) * (value - load.cpu_percent);
        }
        load.cpu_variance /= static_cast<double>(window.size());
        nodes.push_back(node);
        loads.push_back(load);
    }
    queues_.advance(nodes, loads);
    loads_.clear();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        loads_.emplace(nodes[i], loads[i]);
    }
}

// A mean, because what a cap on it moves away makes it fall: where it followed at once, flows would come and go.
void Measurements::judge_uplinks(const std::map<NodeId, Bandwidth>& uplinks) {
    std::erase_if(used_, [&](const auto& each) { return !uplinks.contains(each.first); });
    for (const auto& [node, uplink] : uplinks) {
        std::deque<double>& window = used_[node];
        push(window, static_cast<double>(raw(uplink.used)));
        if (const auto load = loads_.find(node); load != loads_.end()) {
            load->second.used = BitRate{static_cast<std::uint64_t>(mean_of(window))};
            load->second.capacity = uplink.capacity;
        }
    }
}

Result<void> Measurements::write_round(const LinkRows& rows, const std::map<NodeId, FleetNode>& nodes, WallTime now) {
    const auto uplinks = rows.uplinks();
    judge_cpu();
    judge_uplinks(uplinks);
    std::vector<SystemInfo> samples;
    std::vector<HistorySample> history;
    for (auto& [node, sample] : samples_) {
        history.push_back({{node, kNoNode}, HistoryMetric::cpu_percent, now, sample.cpu_usage});
        samples.push_back(std::move(sample));
    }
    samples_.clear();
    for (const auto& [node, uplink] : uplinks) {
        history.push_back({{node, kNoNode}, HistoryMetric::bandwidth_bps, now, static_cast<double>(raw(uplink.used))});
    }
    for (const auto& [leg, rtt] : std::exchange(legs_, {})) {
        const auto metric = leg.second == Leg::client ? HistoryMetric::client_rtt_ms : HistoryMetric::origin_rtt_ms;
        history.push_back({{leg.first, kNoNode}, metric, now, std::chrono::duration<double, std::milli>(rtt).count()});
    }
    const auto links = recorder_.next_links(rows, kLinksARound, now);
    const auto of_links = link_history(links, now);
    history.insert(history.end(), of_links.begin(), of_links.end());
    const auto samples_written = store_.write_system_info(samples, now);
    auto dead = dead_links(links, nodes);
    add_links_of(std::exchange(withdrawn_, {}), nodes, dead);
    const auto links_written = store_.write_link_metrics(link_metrics(links, nodes, loads_, now), dead);
    const auto history_written = store_.write_history(history);
    for (const auto* const written : {&samples_written, &links_written, &history_written}) {
        if (!*written) {
            return fail(written->error().text);
        }
    }
    return {};
}

}  // namespace izar
