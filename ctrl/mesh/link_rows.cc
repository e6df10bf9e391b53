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

}  // namespace

LinkRows::Cell LinkRows::cell_of(const FeedLink& link) {
    const auto count = static_cast<std::uint16_t>(std::min<std::uint32_t>(link.count, kMostSamples));
    return {.rtt_us = whole_us(link.rtt),
            .variation_us = whole_us(link.variation),
            .loss_ppm = static_cast<std::uint32_t>(std::lround(std::clamp(link.loss, 0.0, 1.0) * kMillion)),
            .to = link.to,
            .count = static_cast<std::uint16_t>(count & kMostSamples),
            .reachable = link.reachable};
}

FeedLink LinkRows::link_of(NodeId from, const Cell& cell) {
    return {.from = from,
            .to = cell.to,
            .reachable = cell.reachable != 0,
            .rtt = std::chrono::microseconds{cell.rtt_us},
            .variation = std::chrono::microseconds{cell.variation_us},
            .loss = cell.loss_ppm / kMillion,
            .age = {},
            .count = cell.count};
}

const LinkRows::Cell* LinkRows::find_cell(const Row& row, NodeId to) {
    const auto found = std::ranges::lower_bound(row, to, {}, &Cell::to);
    return found == row.end() || found->to != to ? nullptr : &*found;
}

void LinkRows::set_row(NodeId from, std::span<const FeedLink> links) {
    Row& row = rows_[from];
    row.clear();
    row.reserve(links.size());
    for (const FeedLink& link : links) {
        row.push_back(cell_of(link));
    }
    // The last of equal ones becomes the first, and stays.
    std::ranges::reverse(row);
    std::ranges::stable_sort(row, {}, &Cell::to);
    const auto same = [](const Cell& a, const Cell& b) { return a.to == b.to; };
    row.erase(std::unique(row.begin(), row.end(), same), row.end());
}

void LinkRows::set(const FeedLink& link) {
    Row& row = rows_[link.from];
    const auto at = std::ranges::lower_bound(row, link.to, {}, &Cell::to);
    if (at != row.end() && at->to == link.to) {
        *at = cell_of(link);
    } else {
        row.insert(at, cell_of(link));
    }
}

void LinkRows::erase_row(NodeId from) {
    rows_.erase(from);
}

void LinkRows::keep_only(const std::set<NodeId>& nodes) {
    std::erase_if(rows_, [&](const auto& row) { return !nodes.contains(row.first); });
    for (auto& [from, row] : rows_) {
        std::erase_if(row, [&](const Cell& cell) { return !nodes.contains(cell.to); });
    }
}

std::optional<FeedLink> LinkRows::find(NodeId from, NodeId to) const {
    const auto row = rows_.find(from);
    const Cell* const cell = row == rows_.end() ? nullptr : find_cell(row->second, to);
    return cell == nullptr ? std::nullopt : std::optional(link_of(from, *cell));
}

std::vector<FeedLink> LinkRows::after(NodeId from, NodeId to, std::size_t most) const {
    std::vector<FeedLink> out;
    for (auto row = rows_.lower_bound(from); row != rows_.end(); ++row) {
        auto cell = row->second.begin();
        if (row->first == from) {
            cell = std::ranges::upper_bound(row->second, to, {}, &Cell::to);
        }
        for (; cell != row->second.end(); ++cell) {
            if (out.size() == most) {
                return out;
            }
            out.push_back(link_of(row->first, *cell));
        }
    }
    return out;
}

std::size_t LinkRows::size() const noexcept {
    std::size_t out = 0;
    for (const auto& [from, row] : rows_) {
        out += row.size();
    }
    return out;
}

}  // namespace izar
