// summarize.cc -- How the bound eps is shared between rounding and leaving out, and how a base is used.
#include "sched/summary/summarize.h"

#include <algorithm>
#include <span>

#include "sched/summary/link_partition.h"
#include "sched/summary/prune.h"
#include "sched/summary/regions.h"

namespace izar {
namespace {

// The part of eps that one link's rounding may use in the pruned kinds; what is left lets paths be left out.
// Measured on PlanetLab: 1/64 is best for eps .025 to .048, 1/32 for .048 to .096.
constexpr float kRoundingShare = 0.65F;

struct Believed {
    RttMatrix links;                // what a receiver reads for each link if it is sent now
    std::vector<std::uint8_t> own;  // [from][to]: the item carries its own code
};

RowSource rows_of(const RttMatrix& matrix) {
    return
        [&matrix](std::size_t from, std::span<float> row) { std::copy_n(matrix.row(from), row.size(), row.begin()); };
}

// The part of eps that the value of one link may use.
float link_eps(const SummaryRule& rule) {
    return rule.kind == SummaryKind::knn ? rule.eps : rule.eps * kRoundingShare;
}

MeshSummary empty_summary(const RttMatrix& direct, const SummaryRule& rule) {
    MeshSummary summary;
    summary.nodes = static_cast<std::uint16_t>(direct.nodes());
    summary.symmetric = direct.symmetric();
    const Quantizer quantizer = Quantizer::within(link_eps(rule));
    summary.links.fraction_bits = {static_cast<std::uint8_t>(quantizer.fraction_bits())};
    if (rule.kind != SummaryKind::pruned)
        summary.region_of =
            rule.region_of.empty() ? find_regions(direct, usual_regions(direct.nodes())) : rule.region_of;
    return summary;
}

PartitionRule partition_rule(const SummaryRule& rule) {
    return {rule.neighbours, rule.mads, link_eps(rule)};
}

// Whether a new summary under `rule` can have the base's shape.
bool fits(const MeshSummary& base, const RttMatrix& direct, const SummaryRule& rule) {
    if (base.nodes != direct.nodes() || base.symmetric != direct.symmetric() || base.links.columns() != 1)
        return false;
    const auto expected = empty_summary(
        direct, {rule.kind, rule.eps, {}, std::vector<std::uint8_t>(base.region_of), rule.neighbours, rule.mads});
    const bool regions = rule.kind != SummaryKind::pruned;
    const bool same_regions = rule.region_of.empty() || rule.region_of == base.region_of;
    return expected.links.fraction_bits == base.links.fraction_bits && regions == !base.region_of.empty() &&
           (!regions || same_regions) && (base.links.rest == Rest::represented) == (rule.kind == SummaryKind::knn);
}

// The value of a link's group, kUnknownRtt if it has none or cannot stand for this cost.
float group_belief(const MeshSummary& summary, LinkIndex link, std::size_t regions, float cost, float eps) {
    const Quantizer quantizer(summary.links.fraction_bits[0]);
    const float value = quantizer.decode(summary.links.group_code(summary.link_group(link, regions), 0));
    return cost <= value && value <= cost * (1.0F + eps) ? value : kUnknownRtt;
}

// Believed costs of links if they are sent now: their group's where it can stand for them, else rounded up.
Believed believe(const RttMatrix& direct, const MeshSummary& summary, float eps) {
    const Quantizer quantizer(summary.links.fraction_bits[0]);
    const std::size_t nodes = direct.nodes();
    const std::size_t regions = summary.region_count();
    Believed result{RttMatrix(nodes), std::vector<std::uint8_t>(nodes * nodes, 1)};
    for (std::uint16_t from = 0; from < nodes; ++from)
        for (std::uint16_t to = 0; to < nodes; ++to) {
            if (from == to)
                continue;
            float value = kUnknownRtt;
            if (!summary.links.groups.empty())
                value = group_belief(summary, {from, to}, regions, direct.at(from, to), eps);
            if (value != kUnknownRtt)
                result.own[from * nodes + to] = 0;
            else
                value = quantizer.round_up(direct.at(from, to));
            result.links.row(from)[to] = value;
        }
    return result;
}

// What receivers hold and may go on believing: listed links whose belief is still not below the truth.
std::vector<HeldLink> held_links(const MeshSummary& base, const RttMatrix& direct, const RttMatrix& believed) {
    std::vector<HeldLink> held;
    for (const SummaryItem& item : base.links.items) {
        const float value = believed.at(item.at.from, item.at.to);
        if (value != kUnknownRtt && direct.at(item.at.from, item.at.to) <= value)
            held.push_back({item.at, value});
    }
    return held;
}

void list_kept(MeshSummary& summary, const std::vector<KeptLink>& kept, const RttMatrix& direct,
               const Believed& believed, const MeshSummary* base) {
    const Quantizer quantizer(summary.links.fraction_bits[0]);
    std::size_t at = 0;  // in base's items, which are in the same order
    for (const auto& [link, fresh] : kept) {
        if (!fresh) {
            while (base->links.items[at].at < link)
                ++at;
            summary.links.items.push_back(base->links.items[at]);
            continue;
        }
        const bool own = believed.own[link.from * direct.nodes() + link.to] != 0;
        summary.links.items.push_back({link, !own, {own ? quantizer.encode(direct.at(link.from, link.to)) : Code{0}}});
    }
}

MeshSummary summarize_pruned(const RttMatrix& direct, const SummaryRule& rule, const MeshSummary* base) {
    MeshSummary summary;
    if (base != nullptr) {
        summary = *base;
    } else {
        summary = empty_summary(direct, rule);
        if (rule.kind == SummaryKind::pruned_knn)
            partition_links(summary, rows_of(direct), partition_rule(rule));
    }
    summary.links.rest = Rest::absent;
    summary.links.items.clear();
    const Believed believed = believe(direct, summary, link_eps(rule));
    std::vector<HeldLink> held;
    if (base != nullptr)
        held = held_links(*base, direct, base->believed_links());
    list_kept(summary, prune_links(direct, believed.links, {rule.eps, rule.backup_eps}, held), direct, believed, base);
    return summary;
}

// Every link is spoken for, so a base helps with what has not left the bound of its own belief.
MeshSummary summarize_all(const RttMatrix& direct, const SummaryRule& rule, const MeshSummary* base) {
    if (base == nullptr) {
        MeshSummary summary = empty_summary(direct, rule);
        partition_links(summary, rows_of(direct), partition_rule(rule));
        return summary;
    }
    MeshSummary summary = *base;
    summary.links.items.clear();
    const Quantizer quantizer(summary.links.fraction_bits[0]);
    const std::size_t regions = summary.region_count();
    auto old = base->links.items.begin();
    for (std::uint16_t from = 0; from < summary.nodes; ++from)
        for (std::uint16_t to = summary.symmetric ? static_cast<std::uint16_t>(from + 1) : std::uint16_t{0};
             to < summary.nodes; ++to) {
            if (from == to)
                continue;
            const LinkIndex link{from, to};
            const float cost = direct.at(from, to);
            while (old != base->links.items.end() && old->at < link)
                ++old;
            if (old != base->links.items.end() && old->at == link) {
                const float held = quantizer.decode(old->codes[0]);
                if (held == cost || (cost <= held && held <= cost * (1.0F + rule.eps))) {
                    summary.links.items.push_back(*old);
                    continue;
                }
            }
            const float group = quantizer.decode(summary.links.group_code(summary.link_group(link, regions), 0));
            const bool spoken_for = group == cost || (cost <= group && group <= cost * (1.0F + rule.eps));
            if (!spoken_for)
                summary.links.items.push_back({link, false, {quantizer.encode(cost)}});
        }
    return summary;
}

std::vector<Quantizer> quantizers_of(const NodeFeatures& nodes, const PartitionRule& rule) {
    std::vector<Quantizer> out;
    for (std::size_t feature = 0; feature < nodes.features; ++feature)
        out.push_back(Quantizer::within(rule.eps_for(feature)));
    return out;
}

std::vector<std::uint8_t> bits_of(std::span<const Quantizer> quantizers) {
    std::vector<std::uint8_t> out;
    for (const Quantizer& quantizer : quantizers)
        out.push_back(static_cast<std::uint8_t>(quantizer.fraction_bits()));
    return out;
}

// The node table as a base-less receiver gets it.
void partition_nodes(MeshSummary& summary, const NodeFeatures& nodes, const PartitionRule& rule) {
    const std::vector<Quantizer> quantizers = quantizers_of(nodes, rule);
    summary.class_of = nodes.class_of;
    ItemTable& table = summary.node_items;
    table = {Rest::represented, bits_of(quantizers), {}, {}};
    table.groups.assign(summary.class_count() * nodes.features, kUnknownCode);
    for (std::size_t group = 0; group < summary.class_count(); ++group) {
        std::vector<std::uint16_t> members;
        std::vector<float> values;
        for (std::uint16_t node = 0; node < summary.nodes; ++node)
            if (nodes.class_of.empty() || nodes.class_of[node] == group) {
                members.push_back(node);
                for (std::size_t feature = 0; feature < nodes.features; ++feature)
                    values.push_back(nodes.values[node * nodes.features + feature]);
            }
        const auto partition = partition_items(values, quantizers, rule);
        std::copy(partition.group.begin(), partition.group.end(),
                  table.groups.begin() + static_cast<std::ptrdiff_t>(group * nodes.features));
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (!partition.singular[i])
                continue;
            SummaryItem item{{0, members[i]}, false, {}};
            for (std::size_t feature = 0; feature < nodes.features; ++feature)
                item.codes[feature] = quantizers[feature].encode(values[i * nodes.features + feature]);
            table.items.push_back(item);
        }
    }
    std::sort(table.items.begin(), table.items.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
}

// Whether codes still stand for a node's values.
bool stand_for(std::span<const Code> codes, std::span<const float> values, std::span<const Quantizer> quantizers,
               const PartitionRule& rule) {
    for (std::size_t feature = 0; feature < quantizers.size(); ++feature) {
        const float held = quantizers[feature].decode(codes[feature]);
        const float value = values[feature];
        if (held != value && !(value <= held && held <= value * (1.0F + rule.eps_for(feature))))
            return false;
    }
    return true;
}

// The node table as a change of the base's: its groups, and its items where they still hold.
void list_changed_nodes(MeshSummary& summary, const NodeFeatures& nodes, const PartitionRule& rule,
                        const MeshSummary& base) {
    const std::vector<Quantizer> quantizers = quantizers_of(nodes, rule);
    ItemTable& table = summary.node_items;
    table = {base.node_items.rest, base.node_items.fraction_bits, base.node_items.groups, {}};
    auto old = base.node_items.items.begin();
    for (std::uint16_t node = 0; node < summary.nodes; ++node) {
        const std::span values = std::span(nodes.values).subspan(node * nodes.features, nodes.features);
        while (old != base.node_items.items.end() && old->at.to < node)
            ++old;
        if (old != base.node_items.items.end() && old->at.to == node &&
            stand_for(old->codes, values, quantizers, rule)) {
            table.items.push_back(*old);
            continue;
        }
        const std::size_t group = nodes.class_of.empty() ? 0 : nodes.class_of[node];
        if (stand_for(std::span(table.groups).subspan(group * nodes.features, nodes.features), values, quantizers,
                      rule))
            continue;
        SummaryItem item{{0, node}, false, {}};
        for (std::size_t feature = 0; feature < nodes.features; ++feature)
            item.codes[feature] = quantizers[feature].encode(values[feature]);
        table.items.push_back(item);
    }
}

bool has_nodes_of(const MeshSummary& base, const MeshSummary& summary, const NodeFeatures& nodes,
                  const PartitionRule& rule) {
    return base.nodes == summary.nodes && base.class_of == nodes.class_of &&
           base.node_items.rest == Rest::represented &&
           base.node_items.fraction_bits == bits_of(quantizers_of(nodes, rule));
}

}  // namespace

MeshSummary summarize_links(const RttMatrix& direct, const SummaryRule& rule, const MeshSummary* base) {
    CHECK(direct.nodes() > 0 && direct.nodes() <= kMaxSummaryNodes);
    if (base != nullptr && !fits(*base, direct, rule))
        base = nullptr;
    return rule.kind == SummaryKind::knn ? summarize_all(direct, rule, base) : summarize_pruned(direct, rule, base);
}

void summarize_nodes(MeshSummary& summary, const NodeFeatures& nodes, const PartitionRule& rule,
                     const MeshSummary* base) {
    CHECK(nodes.features > 0 && nodes.features <= kMaxColumns && nodes.values.size() == nodes.features * summary.nodes);
    partition_nodes(summary, nodes, rule);
    if (base == nullptr || !has_nodes_of(*base, summary, nodes, rule))
        return;
    ItemTable fresh = std::move(summary.node_items);
    list_changed_nodes(summary, nodes, rule, *base);
    if (fresh.items.size() * 2 < summary.node_items.items.size())
        summary.node_items = std::move(fresh);
}

}  // namespace izar
