#include "ctrl/mesh/row_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/release_memory.h"
#include "sched/summary/codec.h"
#include "sched/summary/summarize.h"

namespace izar {
namespace {

// The columns.
constexpr std::size_t kRtt = 0;
constexpr std::size_t kLoss = 1;
constexpr std::size_t kVariation = 2;
constexpr std::size_t kUsed = 3;
constexpr std::size_t kLife = 4;
constexpr std::size_t kColumns = 5;

constexpr std::array<float, kColumns> kEps{0.01F, 0.01F, 0.125F, 0.05F, 0.25F};
// Added to each value, so that small differences of small ones say nothing: ms, thousandths, ms, Mbit/s.
constexpr std::array<float, kColumns> kConstants{0.1F, 1, 0.1F, 1, 0};

// The last column. 0 stands for nothing but itself, and the others are too far apart for each other's bounds.
constexpr float kDead = 0;
constexpr float kMeasured = 1;
constexpr float kUnmeasured = 2;

constexpr double kMega = 1e6;
constexpr double kThousand = 1'000;
constexpr Nanos kLongestRtt = std::chrono::minutes{1};

using Columns = std::array<float, kColumns>;

constexpr Columns no_link() {
    Columns out{};
    out.fill(kUnknownRtt);
    return out;
}

float ms_of(Nanos time) {
    return std::chrono::duration<float, std::milli>(std::clamp(time, Nanos{0}, kLongestRtt)).count();
}

Nanos nanos_of(float ms) {
    const auto time = std::chrono::duration_cast<Nanos>(std::chrono::duration<float, std::milli>(ms));
    return std::clamp(time, Nanos{0}, kLongestRtt);
}

Columns columns_of(const FeedLink& link) {
    Columns out{};
    out[kLife] = !link.reachable ? kDead : link.count == 0 ? kUnmeasured : kMeasured;
    if (out[kLife] != kMeasured) {
        return out;
    }
    out[kRtt] = ms_of(link.rtt) + kConstants[kRtt];
    out[kLoss] = static_cast<float>(std::clamp(link.loss, 0.0, 1.0) * kThousand) + kConstants[kLoss];
    out[kVariation] = ms_of(link.variation) + kConstants[kVariation];
    if (link.bandwidth.count > 0) {
        const double mbit = static_cast<double>(raw(link.bandwidth.used)) / kMega;
        out[kUsed] = std::min(static_cast<float>(mbit) + kConstants[kUsed], Quantizer::kMost);
    }
    return out;
}

// Values that the bound cannot tell from none are none.
float value_of(const Columns& columns, std::size_t column) {
    const float least = kConstants[column] * (1 + kEps[column]);
    return columns[column] <= least ? 0 : columns[column] - kConstants[column];
}

FeedLink link_of(NodeId from, NodeId to, const Columns& columns) {
    FeedLink out{.from = from, .to = to, .reachable = columns[kLife] != kDead};
    if (!out.reachable || columns[kLife] >= kUnmeasured) {
        return out;
    }
    out.count = 1;
    out.rtt = nanos_of(columns[kRtt] - kConstants[kRtt]);
    out.loss = std::clamp(static_cast<double>(value_of(columns, kLoss)) / kThousand, 0.0, 1.0);
    out.variation = nanos_of(value_of(columns, kVariation));
    if (columns[kUsed] >= kConstants[kUsed]) {
        const double mbit = static_cast<double>(value_of(columns, kUsed));
        out.bandwidth = {.used = BitRate{static_cast<std::uint64_t>(mbit * kMega)}, .count = 1};
    }
    return out;
}

bool is_row(const MeshSummary& summary, std::size_t nodes) {
    const ItemTable& table = summary.node_items;
    return summary.nodes == nodes && summary.region_of.empty() && summary.links.columns() == 0 &&
           summary.links.groups.empty() && table.columns() == kColumns && table.rest == Rest::represented &&
           std::ranges::none_of(table.items, &SummaryItem::represented);
}

}  // namespace

MeshSummary summarize_row(std::span<const FeedLink> row, const RowPlaces& places, const MeshSummary* base) {
    NodeFeatures features{kColumns, {}, places.region_of};
    auto link = row.begin();
    for (const NodeId node : places.nodes) {
        Columns columns = no_link();
        if (link != row.end() && link->to == node) {
            columns = columns_of(*link);
            ++link;
        }
        features.values.insert(features.values.end(), columns.begin(), columns.end());
    }
    CHECK(link == row.end());
    MeshSummary out;
    out.nodes = static_cast<std::uint16_t>(places.nodes.size());
    PartitionRule rule;
    rule.eps_of = kEps;
    summarize_nodes(out, features, rule, base);
    return out;
}

std::vector<FeedLink> links_of_row(const MeshSummary& summary, NodeId from, std::span<const NodeId> nodes) {
    CHECK(is_row(summary, nodes.size()));
    const ItemTable& table = summary.node_items;
    std::vector<FeedLink> out;
    auto item = table.items.begin();
    for (std::size_t place = 0; place < nodes.size(); ++place) {
        const bool listed = item != table.items.end() && item->at.to == place;
        const std::size_t group = summary.class_of.empty() ? 0 : summary.class_of[place];
        Columns columns{};
        for (std::size_t column = 0; column < kColumns; ++column) {
            const Code code = listed ? item->codes[column] : table.group_code(group, column);
            columns[column] = Quantizer(table.fraction_bits[column]).decode(code);
        }
        item += listed ? 1 : 0;
        const bool exists = std::ranges::none_of(columns, [](float value) { return value == kUnknownRtt; });
        if (exists && nodes[place] != from) {
            out.push_back(link_of(from, nodes[place], columns));
        }
    }
    return out;
}

Result<std::vector<FeedLink>> RowReceiver::receive(std::span<const std::uint8_t> bytes, NodeId from,
                                                   std::span<const NodeId> nodes) {
    const MeshSummary base = unpacked();
    auto summary = decode_summary(bytes, &base, {.nodes = nodes.size(), .items = nodes.size()});
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    if (!is_row(*summary, nodes.size())) {
        return fail(fmt::format("the summary is none of a row of {} nodes; ask for a whole one", nodes.size()));
    }
    auto links = links_of_row(*summary, from, nodes);
    pack(*std::move(summary));
    return links;
}

MeshSummary RowReceiver::unpacked() const {
    MeshSummary out = shape_;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        SummaryItem item{{0, places_[i]}, false, {}};
        std::copy_n(codes_.begin() + static_cast<std::ptrdiff_t>(i * kColumns), kColumns, item.codes.begin());
        out.node_items.items.push_back(item);
    }
    return out;
}

// A fleet of 1,000 nodes has a million links, and an item of a summary has room for more columns than a row has.
void RowReceiver::pack(MeshSummary summary) {
    const std::vector<SummaryItem> items = std::exchange(summary.node_items.items, {});
    shape_ = std::move(summary);
    release_memory(places_);
    release_memory(codes_);
    places_.reserve(items.size());
    codes_.reserve(items.size() * kColumns);
    for (const SummaryItem& item : items) {
        places_.push_back(item.at.to);
        codes_.insert(codes_.end(), item.codes.begin(), item.codes.begin() + kColumns);
    }
}

}  // namespace izar
