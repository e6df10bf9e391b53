#include "ctrl/mesh/mesh_links.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "sched/virtual_queue.h"

namespace izar {
namespace {

constexpr std::size_t kLoadColumns = 7;
// Percent of CPU, squared percent, rounds, rounds, Mbit/s, Mbit/s (0: not known), percent.
constexpr std::array<float, kLoadColumns> kLoadConstants{10, 25, 1, 1, 10, 0, 10};

constexpr std::size_t kLinkColumns = 4;
constexpr float kLossConstant = 1;       // thousandths
constexpr float kVariationConstant = 1;  // ms
constexpr float kVariationEps = 0.25F;
constexpr float kUsedConstant = 10;  // Mbit/s; 0 in the column: not measured
constexpr float kUsedEps = 0.25F;
constexpr double kMega = 1e6;
constexpr double kThousand = 1'000;
// A summary is of rows that came before it; what a peer told of its own row since is newer.
constexpr Nanos kRoundAge = std::chrono::seconds{2};

float to_ms(Nanos time) {
    return std::chrono::duration<float, std::milli>(time).count();
}

Nanos to_nanos(float ms) {
    return std::chrono::duration_cast<Nanos>(std::chrono::duration<float, std::milli>(ms));
}

double loss_of_column(float thousandths) {
    return std::clamp(static_cast<double>(thousandths - kLossConstant) / kThousand, 0.0, 1.0);
}

float column_of_loss(double loss) {
    return static_cast<float>(loss * kThousand) + kLossConstant;
}

double to_mbit(BitRate rate) {
    return static_cast<double>(raw(rate)) / kMega;
}

BitRate to_rate(double mbit_per_s) {
    return BitRate{static_cast<std::uint64_t>(std::max(mbit_per_s, 0.0) * kMega)};
}

// What a summary says of one link, column by column.
class LinkReader {
  public:
    explicit LinkReader(const ItemTable& table) {
        for (const int bits : table.fraction_bits) {
            quantizers_.emplace_back(bits);
        }
    }

    // None where it gives no RTT.
    std::optional<FeedLink> read(std::span<const Code> codes, NodeId from, NodeId to) const {
        const float rtt = value(codes, 0);
        if (rtt == kUnknownRtt) {
            return std::nullopt;
        }
        FeedLink out{.from = from, .to = to, .rtt = to_nanos(rtt), .age = kRoundAge, .count = 1};
        if (codes.size() == kLinkColumns) {
            add_features(out, codes);
        }
        return out;
    }

  private:
    float value(std::span<const Code> codes, std::size_t column) const {
        return quantizers_[column].decode(codes[column]);
    }

    // Loss that its column's bound cannot tell from none is none, and so is a variation that the summary does not give.
    void add_features(FeedLink& link, std::span<const Code> codes) const {
        const float no_loss = kLossConstant * (1 + quantizers_[1].relative_error());
        const float loss = value(codes, 1);
        link.loss = loss <= no_loss ? 0 : loss_of_column(loss);
        link.round_trip = true;
        if (const float variation = value(codes, 2); std::isfinite(variation)) {
            link.variation = to_nanos(std::max(variation - kVariationConstant, 0.0F));
        }
        if (const float mbit = value(codes, 3); std::isfinite(mbit) && mbit >= kUsedConstant) {
            link.bandwidth = {.used = to_rate(static_cast<double>(mbit - kUsedConstant)), .count = 1};
        }
    }

    std::vector<Quantizer> quantizers_;
};

float cost_of_columns(std::span<const float> columns) {
    static const RoutingPolicy usual;
    const CostTerms terms = link_cost(usual, {.rtt = to_nanos(columns[0]), .loss = loss_of_column(columns[1])});
    return static_cast<float>(terms.delay_ms + terms.loss_ms);
}

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

LinkFeatures no_links(std::size_t nodes, float path_eps) {
    const float eps = std::max(path_eps / 2, kLeastFeatureEps);
    return {.nodes = nodes,
            .eps = {eps, eps, kVariationEps, kUsedEps},
            .values = std::vector<float>(nodes * nodes * kLinkColumns, kUnknownRtt),
            .cost = cost_of_columns};
}

void put_link(LinkFeatures& links, std::size_t from, std::size_t to, const FeedLink& link) {
    if (!link.reachable || link.count == 0) {
        return;
    }
    float* const columns = &links.values[(from * links.nodes + to) * kLinkColumns];
    columns[0] = std::max(to_ms(link.rtt), Quantizer::kLeast);
    columns[1] = column_of_loss(link.loss);
    columns[2] = to_ms(link.variation) + kVariationConstant;
    columns[3] = link.bandwidth.count == 0 ? 0 : static_cast<float>(to_mbit(link.bandwidth.used)) + kUsedConstant;
}

LinkFeatures with_both_ways(LinkFeatures links) {
    const auto loss_at = [&](std::size_t from, std::size_t to) -> float& {
        return links.values[(from * links.nodes + to) * kLinkColumns + 1];
    };
    for (std::size_t from = 0; from < links.nodes; ++from) {
        for (std::size_t to = from + 1; to < links.nodes; ++to) {
            float& there = loss_at(from, to);
            float& back = loss_at(to, from);
            if (there != kUnknownRtt && back != kUnknownRtt) {
                const double kept = (1 - loss_of_column(there)) * (1 - loss_of_column(back));
                there = back = column_of_loss(1 - kept);
            }
        }
    }
    return links;
}

// Link by link: a matrix of 1,000 nodes takes 4 MiB, a quarter of what an agent may have.
std::vector<FeedLink> links_of(const MeshSummary& summary, const std::vector<NodeId>& nodes) {
    std::vector<FeedLink> out;
    if (summary.nodes != nodes.size() || summary.links.columns() == 0) {
        return out;
    }
    out.reserve(summary.links.items.size());
    const LinkReader reader(summary.links);
    summary.for_each_link([&](LinkIndex at, std::span<const Code> codes) {
        if (const auto link = reader.read(codes, nodes[at.from], nodes[at.to])) {
            out.push_back(*link);
        }
    });
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
        const double values[] = {load.cpu_percent,   load.cpu_variance,      load.mean_queue,    load.variance_queue,
                                 to_mbit(load.used), to_mbit(load.capacity), load.egress_percent};
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
            node.load.cpu_percent = std::clamp(values[0], 0.0, 100.0);  // codes are rounded up
            node.load.cpu_variance = std::max(values[1], 0.0);
            node.load.mean_queue = std::max(values[2], 0.0);
            node.load.variance_queue = std::max(values[3], 0.0);
            node.load.used = to_rate(values[4]);
            node.load.capacity = to_rate(values[5]);
            node.load.egress_percent = std::max(values[6], 1.0);
            out.push_back(node);
        }
    }
    derive_excess(out);
    return out;
}

}  // namespace izar
