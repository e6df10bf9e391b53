#include "ctrl/mesh/mesh_links.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sched/virtual_queue.h"

namespace izar {
namespace {

constexpr std::size_t kLoadColumns = 4;
// Percent of CPU, squared percent, rounds, rounds.
constexpr std::array<float, kLoadColumns> kLoadConstants{10, 25, 1, 1};

// Writes the excesses that follow from the CPU of all.
void derive_excess(std::vector<FeedNode>& nodes) {
    std::vector<double> means;
    std::vector<double> variances;
    for (const FeedNode& node : nodes) {
        means.push_back(node.load.cpu_percent);
        variances.push_back(node.load.cpu_variance);
    }
    const QueueThresholds thresholds;
    const auto mean_excess = ranked_excess(means, thresholds.mean);
    const auto variance_excess = ranked_excess(variances, thresholds.variance);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].load.mean_excess = mean_excess[i];
        nodes[i].load.variance_excess = variance_excess[i];
    }
}

}  // namespace

std::uint64_t nodes_digest(const std::vector<NodeId>& nodes) {
    std::uint64_t out = 0xCBF29CE484222325;
    for (const NodeId node : nodes) {
        for (const int shift : {8, 0}) {
            out = (out ^ ((raw(node) >> shift) & 0xFFU)) * 0x100000001B3;
        }
    }
    return out;
}

std::vector<FeedLink> links_of(const MeshSummary& summary, const std::vector<NodeId>& nodes) {
    std::vector<FeedLink> out;
    if (summary.nodes != nodes.size()) {
        return out;
    }
    const RttMatrix believed = summary.believed_links();
    for (std::size_t from = 0; from < nodes.size(); ++from) {
        for (std::size_t to = 0; to < nodes.size(); ++to) {
            if (from == to || believed.at(from, to) == kUnknownRtt) {
                continue;
            }
            FeedLink link;
            link.from = nodes[from];
            link.to = nodes[to];
            link.rtt =
                std::chrono::duration_cast<Nanos>(std::chrono::duration<float, std::milli>(believed.at(from, to)));
            link.count = 1;
            out.push_back(link);
        }
    }
    return out;
}

PartitionRule load_rule() {
    return {.neighbours = 4, .mads = 3.5F, .eps = 0.05F};
}

NodeFeatures load_features(const std::map<NodeId, NodeLoad>& loads, const std::vector<NodeId>& nodes) {
    NodeFeatures out{kLoadColumns, {}, {}};
    for (const NodeId node : nodes) {
        const auto known = loads.find(node);
        if (known == loads.end()) {
            out.values.insert(out.values.end(), kLoadColumns, kUnknownRtt);
            continue;
        }
        const NodeLoad& load = known->second;
        const double values[] = {load.cpu_percent, load.cpu_variance, load.mean_queue, load.variance_queue};
        for (std::size_t column = 0; column < kLoadColumns; ++column) {
            out.values.push_back(static_cast<float>(values[column]) + kLoadConstants[column]);
        }
    }
    return out;
}

std::vector<FeedNode> loads_of(const MeshSummary& summary, const std::vector<NodeId>& nodes) {
    std::vector<FeedNode> out;
    const ItemTable& table = summary.node_items;
    if (summary.nodes != nodes.size() || table.columns() != kLoadColumns) {
        return out;
    }
    auto item = table.items.begin();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const bool listed = item != table.items.end() && item->at.to == i;
        const bool own = listed && !item->represented;
        const std::size_t group = summary.class_of.empty() ? 0 : summary.class_of[i];
        std::array<double, kLoadColumns> values{};
        for (std::size_t column = 0; column < kLoadColumns; ++column) {
            const Quantizer quantizer(table.fraction_bits[column]);
            values[column] = static_cast<double>(
                quantizer.decode(own ? item->codes[column] : table.group_code(group, column)) - kLoadConstants[column]);
        }
        item += listed ? 1 : 0;
        if (std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
            FeedNode node;
            node.node = nodes[i];
            node.load.cpu_percent = std::max(values[0], 0.0);
            node.load.cpu_variance = std::max(values[1], 0.0);
            node.load.mean_queue = std::max(values[2], 0.0);
            node.load.variance_queue = std::max(values[3], 0.0);
            out.push_back(node);
        }
    }
    derive_excess(out);
    return out;
}

}  // namespace izar
