#include "ctrl/controller/measurements.h"

#include <utility>

#include "ctrl/controller/sample_record.h"

namespace izar {

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
        window.push_back(sample.cpu_usage);
        if (window.size() > kCpuSamples) {
            window.pop_front();
        }
        NodeLoad load;
        const auto count = static_cast<double>(window.size());
        for (const double value : window) {
            load.cpu_percent += value / count;
        }
        for (const double value : window) {
            load.cpu_variance += (value - load.cpu_percent) * (value - load.cpu_percent) / count;
        }
        nodes.push_back(node);
        loads.push_back(load);
    }
    queues_.advance(nodes, loads);
    loads_.clear();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        loads_.emplace(nodes[i], loads[i]);
    }
}

Result<void> Measurements::write_round(const LinkRows& rows, const std::map<NodeId, FleetNode>& nodes, WallTime now) {
    judge_cpu();
    std::vector<SystemInfo> samples;
    std::vector<HistorySample> history;
    for (auto& [node, sample] : samples_) {
        history.push_back({{node, kNoNode}, HistoryMetric::cpu_percent, now, sample.cpu_usage});
        samples.push_back(std::move(sample));
    }
    samples_.clear();
    const auto links = recorder_.next_links(rows, kLinksARound, now);
    const auto of_links = link_history(links, now);
    history.insert(history.end(), of_links.begin(), of_links.end());
    const auto samples_written = store_.write_system_info(samples, now);
    const auto links_written = store_.write_link_metrics(link_metrics(links, nodes, loads_, now));
    const auto history_written = store_.write_history(history);
    for (const auto* const written : {&samples_written, &links_written, &history_written}) {
        if (!*written) {
            return fail(written->error().text);
        }
    }
    return {};
}

}  // namespace izar
