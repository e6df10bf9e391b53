// mesh_summary.cc -- Reading a summary back, as a matrix or link by link.
#include "sched/summary/mesh_summary.h"

#include <algorithm>

namespace izar {

bool MeshSummary::same_shape(const MeshSummary& other) const {
    const auto same_table = [](const ItemTable& a, const ItemTable& b) {
        return a.rest == b.rest && a.fraction_bits == b.fraction_bits && a.groups == b.groups;
    };
    return nodes == other.nodes && symmetric == other.symmetric && region_of == other.region_of &&
           class_of == other.class_of && same_table(links, other.links) && same_table(node_items, other.node_items);
}

std::size_t MeshSummary::count_of(const std::vector<std::uint8_t>& group_of) noexcept {
    return group_of.empty() ? 1 : std::size_t{1} + *std::max_element(group_of.begin(), group_of.end());
}

std::size_t MeshSummary::link_group(LinkIndex link, std::size_t regions) const noexcept {
    if (region_of.empty())
        return 0;
    const std::size_t from = region_of[link.from];
    const std::size_t to = region_of[link.to];
    if (!symmetric)
        return from * regions + to;
    const auto [low, high] = std::minmax(from, to);
    return high * (high + 1) / 2 + low;
}

RttMatrix MeshSummary::believed_links(std::size_t column) const {
    RttMatrix result(nodes);
    if (column >= links.columns())
        return result;
    const Quantizer quantizer(links.fraction_bits[column]);
    std::vector<float> groups(link_groups(), kUnknownRtt);
    for (std::size_t group = 0; group < groups.size(); ++group)
        groups[group] = quantizer.decode(links.group_code(group, column));
    const auto set = [&](LinkIndex link, float value) {
        result.set(link.from, link.to, value);
        if (symmetric)
            result.set(link.to, link.from, value);
    };
    const std::size_t regions = region_count();
    if (links.rest == Rest::represented)
        for (std::uint16_t from = 0; from < nodes; ++from)
            for (std::uint16_t to = 0; to < nodes; ++to)
                if (from != to)
                    result.set(from, to, groups[link_group({from, to}, regions)]);
    for (const SummaryItem& item : links.items)
        set(item.at, item.represented ? groups[link_group(item.at, regions)] : quantizer.decode(item.codes[column]));
    return result;
}

// Items by the links that they hold for, ascending.
std::vector<MeshSummary::ListedLink> MeshSummary::listed_links() const {
    std::vector<ListedLink> result;
    result.reserve(links.items.size() * (symmetric ? 2 : 1));
    for (const SummaryItem& item : links.items) {
        result.push_back({item.at, &item});
        if (symmetric)
            result.push_back({{item.at.to, item.at.from}, &item});
    }
    if (symmetric)
        std::ranges::sort(result, {}, &ListedLink::at);
    return result;
}

void MeshSummary::for_each_link(const LinkCall& call) const {
    const std::size_t regions = region_count();
    const std::vector<Code> unknown(links.columns(), kUnknownCode);
    const auto of_group = [&](LinkIndex at) {
        return links.groups.empty()
                   ? std::span(unknown)
                   : std::span(links.groups).subspan(link_group(at, regions) * links.columns(), links.columns());
    };
    const auto of_item = [&](const SummaryItem& item) {
        return item.represented ? of_group(item.at) : std::span(item.codes).first(links.columns());
    };
    const auto listed = listed_links();
    if (links.rest == Rest::absent) {
        for (const ListedLink& link : listed)
            call(link.at, of_item(*link.item));
        return;
    }
    auto next = listed.begin();
    for (std::uint16_t from = 0; from < nodes; ++from)
        for (std::uint16_t to = 0; to < nodes; ++to)
            if (const LinkIndex at{from, to}; from != to) {
                const bool is_listed = next != listed.end() && next->at == at;
                call(at, is_listed ? of_item(*next->item) : of_group(at));
                next += is_listed ? 1 : 0;
            }
}

}  // namespace izar
