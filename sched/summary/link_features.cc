// link_features.cc -- Which links are listed, and with which codes: held ones while they are true, else central ones.
#include "sched/summary/link_features.h"

#include <algorithm>
#include <array>

#include "sched/summary/prune.h"
#include "sched/summary/regions.h"

namespace izar {
namespace {

using Codes = std::array<Code, kMaxColumns>;

class FeatureSummary {
  public:
    FeatureSummary(const LinkFeatures& links, const SummaryRule& rule, const MeshSummary* base)
        : links_(links), rule_(rule), columns_(links.eps.size()), cost_(column(links.nodes, [&](auto from, auto to) {
              return known(from, to) ? links.cost(links.of(from, to)) : kUnknownRtt;
          })) {
        // Half the bound for rounding, so that the other half is left for the value to move.
        for (const float eps : links.eps)
            quantizers_.push_back(Quantizer::within(eps / 2));
        if (base != nullptr && fits(*base)) {
            base_ = base;
            summary_ = *base;
            summary_.links.items.clear();
        } else {
            start();
        }
        regions_ = summary_.region_count();
    }

    MeshSummary run() {
        if (rule_.kind == SummaryKind::knn)
            list_all();
        else
            list_needed();
        return std::move(summary_);
    }

  private:
    template <typename Value>
    static RttMatrix column(std::size_t nodes, Value value) {
        RttMatrix result(nodes);
        for (std::size_t from = 0; from < nodes; ++from)
            for (std::size_t to = 0; to < nodes; ++to)
                if (from != to)
                    result.set(from, to, value(from, to));
        return result;
    }

    bool known(std::size_t from, std::size_t to) const { return links_.of(from, to)[0] <= Quantizer::kMost; }
    bool fits(const MeshSummary& base) const {
        const bool regional = rule_.kind != SummaryKind::pruned;
        return base.nodes == links_.nodes && !base.symmetric && base.links.fraction_bits == fraction_bits() &&
               regional == !base.region_of.empty() &&
               (!regional || rule_.region_of.empty() || rule_.region_of == base.region_of) &&
               (base.links.rest == Rest::represented) == (rule_.kind == SummaryKind::knn);
    }
    std::vector<std::uint8_t> fraction_bits() const {
        std::vector<std::uint8_t> bits;
        for (const Quantizer& quantizer : quantizers_)
            bits.push_back(static_cast<std::uint8_t>(quantizer.fraction_bits()));
        return bits;
    }

    // A summary with groups, if its kind has them, and without items.
    void start() {
        summary_.nodes = static_cast<std::uint16_t>(links_.nodes);
        summary_.links.fraction_bits = fraction_bits();
        summary_.links.rest = rule_.kind == SummaryKind::knn ? Rest::represented : Rest::absent;
        if (rule_.kind == SummaryKind::pruned)
            return;
        summary_.region_of = rule_.region_of;
        if (summary_.region_of.empty())
            summary_.region_of =
                find_regions(column(links_.nodes, [&](auto from, auto to) { return links_.of(from, to)[0]; }),
                             usual_regions(links_.nodes));
        partition_groups();
    }

    // The values that speak for most links of each region pair.
    void partition_groups() {
        const std::size_t regions = summary_.region_count();
        std::vector<std::vector<float>> values(summary_.link_groups());
        for (std::uint16_t from = 0; from < links_.nodes; ++from)
            for (std::uint16_t to = 0; to < links_.nodes; ++to)
                if (from != to) {
                    const auto link = links_.of(from, to);
                    auto& group = values[summary_.link_group({from, to}, regions)];
                    group.insert(group.end(), link.begin(), link.end());
                }
        summary_.links.groups.clear();
        const PartitionRule rule{
            .neighbours = rule_.neighbours, .mads = rule_.mads, .eps = 0, .eps_of = std::span(links_.eps)};
        for (const auto& group : values) {
            const auto partition = partition_items(group, quantizers_, rule);
            summary_.links.groups.insert(summary_.links.groups.end(), partition.group.begin(), partition.group.end());
        }
    }

    // Whether codes stand for a link's values: all within their bounds, or all unknown.
    bool stand_for(std::span<const Code> codes, std::span<const float> values) const {
        for (std::size_t column = 0; column < columns_; ++column) {
            const float held = quantizers_[column].decode(codes[column]);
            const float value = values[column];
            if (held != value && !(value <= held && held <= value * (1.0F + links_.eps[column])))
                return false;
        }
        return true;
    }
    std::span<const Code> group_of(LinkIndex link) const {
        if (summary_.links.groups.empty())
            return {};
        return std::span(summary_.links.groups).subspan(summary_.link_group(link, regions_) * columns_, columns_);
    }
    bool group_stands_for(LinkIndex link) const {
        const auto group = group_of(link);
        return !group.empty() && stand_for(group, links_.of(link.from, link.to));
    }
    Codes fresh_codes(LinkIndex link) const {
        Codes codes{};
        const auto values = links_.of(link.from, link.to);
        for (std::size_t column = 0; column < columns_; ++column)
            codes[column] = central_code(values[column], quantizers_[column], links_.eps[column]);
        return codes;
    }
    SummaryItem fresh_item(LinkIndex link) const {
        return group_stands_for(link) ? SummaryItem{link, true, {}} : SummaryItem{link, false, fresh_codes(link)};
    }
    float believed_cost(const SummaryItem& item) const {
        const auto codes = item.represented ? group_of(item.at) : std::span<const Code>(item.codes).first(columns_);
        std::array<float, kMaxColumns> values{};
        for (std::size_t column = 0; column < columns_; ++column)
            values[column] = quantizers_[column].decode(codes[column]);
        return values[0] == kUnknownRtt ? kUnknownRtt : links_.cost(std::span(values).first(columns_));
    }
    bool still_true(const SummaryItem& item) const {
        return item.represented ? group_stands_for(item.at)
                                : stand_for(std::span(item.codes).first(columns_), links_.of(item.at.from, item.at.to));
    }

    std::span<const SummaryItem> listed_before() const {
        return base_ == nullptr ? std::span<const SummaryItem>{} : std::span(base_->links.items);
    }

    void list_needed() {
        const RttMatrix believed = column(links_.nodes, [&](auto from, auto to) {
            const LinkIndex link{static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to)};
            return known(from, to) ? believed_cost(fresh_item(link)) : kUnknownRtt;
        });
        std::vector<HeldLink> held;
        std::vector<SummaryItem> held_items;
        for (const SummaryItem& item : listed_before())
            if (known(item.at.from, item.at.to) && still_true(item)) {
                held.push_back({item.at, believed_cost(item)});
                held_items.push_back(item);
            }
        auto old = held_items.begin();
        for (const KeptLink& kept : prune_links(cost_, believed, {rule_.eps, rule_.backup_eps}, held)) {
            old = std::find_if(old, held_items.end(), [&](const SummaryItem& item) { return item.at >= kept.link; });
            summary_.links.items.push_back(kept.fresh ? fresh_item(kept.link) : *old);
        }
    }

    // Every link is spoken for: by its group, by what receivers hold already, or by itself.
    void list_all() {
        const auto held = listed_before();
        auto old = held.begin();
        for (std::uint16_t from = 0; from < links_.nodes; ++from)
            for (std::uint16_t to = 0; to < links_.nodes; ++to) {
                const LinkIndex link{from, to};
                old = std::find_if(old, held.end(), [&](const SummaryItem& item) { return item.at >= link; });
                if (from == to)
                    continue;
                if (old != held.end() && old->at == link && still_true(*old))
                    summary_.links.items.push_back(*old);
                else if (!group_stands_for(link))
                    summary_.links.items.push_back({link, false, fresh_codes(link)});
            }
    }

    const LinkFeatures& links_;
    const SummaryRule& rule_;
    std::size_t columns_;
    RttMatrix cost_;
    std::vector<Quantizer> quantizers_;
    const MeshSummary* base_ = nullptr;
    MeshSummary summary_;
    std::size_t regions_ = 1;
};

}  // namespace

MeshSummary summarize_features(const LinkFeatures& links, const SummaryRule& rule, const MeshSummary* base) {
    CHECK(links.nodes > 0 && links.nodes <= kMaxSummaryNodes);
    CHECK(!links.eps.empty() && links.eps.size() <= kMaxColumns &&
          *std::ranges::min_element(links.eps) >= kLeastFeatureEps);
    CHECK(links.values.size() == links.nodes * links.nodes * links.eps.size());
    return FeatureSummary(links, rule, base).run();
}

}  // namespace izar
