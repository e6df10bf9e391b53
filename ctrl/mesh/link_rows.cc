#include "ctrl/mesh/link_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace izar {
namespace {

constexpr double kMillion = 1e6;
constexpr std::uint16_t kMostSamples = (1U << 15) - 1;

std::uint32_t whole_us(Nanos delay) {
    const auto us = std::chrono::round<std::chrono::microseconds>(delay).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, std::numeric_limits<std::uint32_t>::max()));
}

constexpr std::uint64_t kKilo = 1'000;

}  // namespace

LinkRows::Cell LinkRows::cell_of(const FeedLink& link) {
    const auto count = static_cast<std::uint16_t>(std::min<std::uint32_t>(link.count, kMostSamples));
    const std::uint64_t used_kbps = std::min<std::uint64_t>(raw(link.bandwidth.used) / kKilo, kNotTold - 1);
    return {.rtt_us = whole_us(link.rtt),
            .variation_us = whole_us(link.variation),
            .loss_ppm = static_cast<std::uint32_t>(std::lround(std::clamp(link.loss, 0.0, 1.0) * kMillion)),
            .used_kbps = link.bandwidth.count == 0 ? kNotTold : static_cast<std::uint32_t>(used_kbps),
            .to = link.to,
            .count = static_cast<std::uint16_t>(count & kMostSamples),
            .reachable = link.reachable};
}

FeedLink LinkRows::link_of(NodeId from, const Row& row, const Cell& cell) {
    const bool told = cell.used_kbps != kNotTold;
    return {.from = from,
            .to = cell.to,
            .reachable = cell.reachable != 0,
            .rtt = std::chrono::microseconds{cell.rtt_us},
            .variation = std::chrono::microseconds{cell.variation_us},
            .loss = cell.loss_ppm / kMillion,
            .age = {},
            .count = cell.count,
            .bandwidth = {told ? BitRate{cell.used_kbps * kKilo} : kNoRate, row.capacity, told ? 1U : 0U}};
}

const LinkRows::Cell* LinkRows::find_cell(const Row& row, NodeId to) {
    const auto found = std::ranges::lower_bound(row.cells, to, {}, &Cell::to);
    return found == row.cells.end() || found->to != to ? nullptr : &*found;
}

void LinkRows::set_row(NodeId from, std::span<const FeedLink> links) {
    Row& row = rows_[from];
    std::vector<Cell>& cells = row.cells;
    row.capacity = links.empty() ? kNoRate : links.back().bandwidth.capacity;
    cells.clear();
    cells.reserve(links.size());
    for (const FeedLink& link : links) {
        cells.push_back(cell_of(link));
    }
    // The last of equal ones becomes the first, and stays.
    std::ranges::reverse(cells);
    std::ranges::stable_sort(cells, {}, &Cell::to);
    const auto same = [](const Cell& a, const Cell& b) { return a.to == b.to; };
    cells.erase(std::unique(cells.begin(), cells.end(), same), cells.end());
}

void LinkRows::set(const FeedLink& link) {
    std::vector<Cell>& cells = rows_[link.from].cells;
    const auto at = std::ranges::lower_bound(cells, link.to, {}, &Cell::to);
    if (at != cells.end() && at->to == link.to) {
        *at = cell_of(link);
    } else {
        cells.insert(at, cell_of(link));
    }
}

void LinkRows::erase_row(NodeId from) {
    rows_.erase(from);
}

void LinkRows::keep_only(const std::set<NodeId>& nodes) {
    std::erase_if(rows_, [&](const auto& row) { return !nodes.contains(row.first); });
    for (auto& [from, row] : rows_) {
        std::erase_if(row.cells, [&](const Cell& cell) { return !nodes.contains(cell.to); });
    }
}

std::optional<FeedLink> LinkRows::find(NodeId from, NodeId to) const {
    const auto row = rows_.find(from);
    const Cell* const cell = row == rows_.end() ? nullptr : find_cell(row->second, to);
    return cell == nullptr ? std::nullopt : std::optional(link_of(from, row->second, *cell));
}

std::vector<FeedLink> LinkRows::after(NodeId from, NodeId to, std::size_t most) const {
    std::vector<FeedLink> out;
    for (auto row = rows_.lower_bound(from); row != rows_.end(); ++row) {
        const std::vector<Cell>& cells = row->second.cells;
        auto cell = cells.begin();
        if (row->first == from) {
            cell = std::ranges::upper_bound(cells, to, {}, &Cell::to);
        }
        for (; cell != cells.end(); ++cell) {
            if (out.size() == most) {
                return out;
            }
            out.push_back(link_of(row->first, row->second, *cell));
        }
    }
    return out;
}

std::size_t LinkRows::size() const noexcept {
    std::size_t out = 0;
    for (const auto& [from, row] : rows_) {
        out += row.cells.size();
    }
    return out;
}

std::map<NodeId, Bandwidth> LinkRows::uplinks() const {
    std::map<NodeId, Bandwidth> out;
    for (const auto& [from, row] : rows_) {
        Bandwidth sum{.capacity = row.capacity};
        std::uint64_t used_kbps = 0;
        for (const Cell& cell : row.cells) {
            used_kbps += cell.used_kbps == kNotTold ? 0 : cell.used_kbps;
            sum.count += cell.used_kbps == kNotTold ? 0 : 1;
        }
        sum.used = BitRate{used_kbps * kKilo};
        if (sum.count > 0) {
            out.emplace(from, sum);
        }
    }
    return out;
}

}  // namespace izar
