// link_partition.cc -- Two passes over the rows of one region at a time.
#include "sched/summary/link_partition.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace izar {
namespace {

// Distance, in codes, from an item at each occupied code to its k-th nearest other item.
std::vector<std::uint32_t> code_distances(const std::vector<std::uint32_t>& occupied,
                                          std::span<const std::uint32_t> counts, std::size_t k) {
    std::vector<std::uint32_t> result(occupied.size());
    for (std::size_t at = 0; at < occupied.size(); ++at) {
        std::size_t found = counts[occupied[at]] - 1;
        std::size_t below = at;
        std::size_t above = at + 1;
        while (found < k && (below > 0 || above < occupied.size())) {
            const std::uint32_t down = below > 0 ? occupied[at] - occupied[below - 1] : ~0U;
            const std::uint32_t up = above < occupied.size() ? occupied[above] - occupied[at] : ~0U;
            result[at] = std::min(down, up);
            found += counts[occupied[down <= up ? --below : above++]];
        }
    }
    return result;
}

// The median of values that occur `weights` times.
std::uint32_t weighted_median(const std::vector<std::uint32_t>& values, const std::vector<std::uint32_t>& weights) {
    std::vector<std::uint32_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
    std::uint64_t left = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}) / 2;
    for (const auto at : order) {
        if (left < weights[at])
            return values[at];
        left -= weights[at];
    }
    return values[order.back()];
}

// What the second pass asks about a link of one group.
struct GroupView {
    float value = kUnknownRtt;  // the group's, as decoded
    std::vector<std::uint8_t> singular;
};

// The value of a group: of those whose window, [value / (1 + eps), value], has the median in it, the one that stands
// for most items.
Code best_group_value(std::span<const std::uint32_t> counts, float median, const Quantizer& fine, float eps) {
    const Quantizer coarse(kHistogramBits);
    Code best = fine.encode(median);
    std::uint64_t most = 0;
    for (Code code = best; fine.decode(code) <= median * (1.0F + eps) && code < fine.last_code(); ++code) {
        const float value = fine.decode(code);
        std::uint64_t items = 0;
        for (Code at = coarse.encode(value / (1.0F + eps)); at < counts.size() && coarse.decode(at) <= value; ++at)
            items += counts[at];
        if (items > most) {
            most = items;
            best = code;
        }
    }
    return best;
}

class LinkPartition {
  public:
    LinkPartition(MeshSummary& summary, const RowSource& source, const PartitionRule& rule)
        : summary_(summary), source_(source), rule_(rule), regions_(summary.region_count()), row_(summary.nodes) {
        members_.resize(regions_);
        for (std::uint16_t node = 0; node < summary.nodes; ++node)
            members_[region(node)].push_back(node);
        summary.links.rest = Rest::represented;
        summary.links.groups.assign(summary.link_groups(), kUnknownCode);
    }

    void run() {
        for (std::size_t from = 0; from < regions_; ++from) {
            count_rows(from);
            judge_groups(from);
            list_singular(from);
        }
        std::sort(summary_.links.items.begin(), summary_.links.items.end(),
                  [](const auto& a, const auto& b) { return a.at < b.at; });
    }

  private:
    std::size_t region(std::size_t node) const { return summary_.region_of.empty() ? 0 : summary_.region_of[node]; }

    // In a symmetric mesh a link belongs to the row of its lower region, so that a group is complete in one pass.
    bool counted(std::size_t from, std::size_t to, std::size_t from_region, std::size_t to_region) const {
        if (!summary_.symmetric)
            return from != to;
        return from_region < to_region || (from_region == to_region && from < to);
    }

    void count_rows(std::size_t from_region) {
        counts_.assign(regions_ * codes_, 0);
        for (const auto from : members_[from_region]) {
            source_(from, row_);
            for (std::size_t to = 0; to < row_.size(); ++to)
                if (const auto to_region = region(to); counted(from, to, from_region, to_region))
                    ++counts_[to_region * codes_ + coarse_.encode(row_[to])];
        }
    }

    void judge_groups(std::size_t from_region) {
        groups_.assign(regions_, {});
        for (std::size_t to_region = 0; to_region < regions_; ++to_region) {
            if (members_[from_region].empty() || members_[to_region].empty() ||
                (summary_.symmetric && to_region < from_region))
                continue;
            const auto counts = std::span(counts_).subspan(to_region * codes_, codes_);
            auto judged = partition_counts(counts, rule_);
            Code& code = summary_.links.groups[summary_.link_group(
                {members_[from_region].front(), members_[to_region].front()}, regions_)];
            if (judged.median != kUnknownRtt)
                code = best_group_value(counts, judged.median, fine_, rule_.eps);
            groups_[to_region] = {fine_.decode(code), std::move(judged.singular)};
        }
    }

    void list_singular(std::size_t from_region) {
        const float eps = 1.0F + rule_.eps;
        for (const auto from : members_[from_region]) {
            source_(from, row_);
            for (std::uint16_t to = 0; to < summary_.nodes; ++to) {
                const auto to_region = region(to);
                if (!counted(from, to, from_region, to_region))
                    continue;
                const GroupView& group = groups_[to_region];
                const float rtt = row_[to];
                if (!group.singular[coarse_.encode(rtt)] && rtt <= group.value && group.value <= rtt * eps)
                    continue;
                if (rtt == kUnknownRtt && group.value == kUnknownRtt)
                    continue;
                const auto [low, high] = std::minmax(from, to);
                const LinkIndex at = summary_.symmetric ? LinkIndex{low, high} : LinkIndex{from, to};
                summary_.links.items.push_back({at, false, {fine_.encode(rtt)}});
            }
        }
    }

    MeshSummary& summary_;
    const RowSource& source_;
    const PartitionRule& rule_;
    const std::size_t regions_;
    const Quantizer fine_{summary_.links.fraction_bits.at(0)};
    const Quantizer coarse_{kHistogramBits};
    const std::size_t codes_ = coarse_.last_code() + 1U;
    std::vector<float> row_;
    std::vector<std::vector<std::uint16_t>> members_;  // by region
    std::vector<std::uint32_t> counts_;                // [region of the far end][code]
    std::vector<GroupView> groups_;                    // by region of the far end
};

}  // namespace

CodePartition partition_counts(std::span<const std::uint32_t> counts, const PartitionRule& rule) {
    CodePartition result{kUnknownRtt, std::vector<std::uint8_t>(counts.size(), 0)};
    result.singular[kUnknownCode] = 1;
    std::vector<std::uint32_t> occupied;
    std::vector<std::uint32_t> weights;
    for (std::uint32_t code = kUnknownCode + 1; code < counts.size(); ++code)
        if (counts[code] > 0) {
            occupied.push_back(code);
            weights.push_back(counts[code]);
        }
    if (occupied.empty())
        return result;
    const auto distances = code_distances(occupied, counts, rule.neighbours);
    const auto median = weighted_median(distances, weights);
    std::vector<std::uint32_t> deviations;
    deviations.reserve(distances.size());
    for (const auto distance : distances)
        deviations.push_back(distance > median ? distance - median : median - distance);
    // A deviation below one code is the histogram's own resolution.
    const float limit =
        static_cast<float>(median) + rule.mads * static_cast<float>(std::max(weighted_median(deviations, weights), 1U));
    for (std::size_t at = 0; at < occupied.size(); ++at)
        if (static_cast<float>(distances[at]) > limit) {
            result.singular[occupied[at]] = 1;
            weights[at] = 0;
        }
    result.median = Quantizer(kHistogramBits).decode(static_cast<Code>(weighted_median(occupied, weights)));
    return result;
}

void partition_links(MeshSummary& summary, const RowSource& source, const PartitionRule& rule) {
    LinkPartition(summary, source, rule).run();
}

}  // namespace izar
