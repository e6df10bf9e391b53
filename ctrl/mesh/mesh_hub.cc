#include "ctrl/mesh/mesh_hub.h"

#include <algorithm>

#include "ctrl/mesh/mesh_links.h"
#include "sched/summary/codec.h"

namespace izar {
namespace {

// A lost packet costs a second (RoutingPolicy::loss_delay): the summary has one column, the cost of the link.
constexpr float kLossMs = 1'000;

float cost_ms(const FeedLink& link) {
    const auto rtt = std::chrono::duration<float, std::milli>(link.rtt).count();
    return link.reachable && link.count > 0 ? rtt + static_cast<float>(link.loss) * kLossMs : kUnknownRtt;
}

}  // namespace

void MeshHub::set_nodes(const std::set<NodeId>& nodes) {
    nodes_.assign(nodes.begin(), nodes.end());
    std::erase_if(rows_, [&](const auto& row) { return !nodes.contains(row.first); });
    for (auto& [from, row] : rows_) {
        std::erase_if(row, [&](const auto& link) { return !nodes.contains(link.first); });
    }
    kept_.clear();
    encoded_.clear();
}

void MeshHub::take_row(NodeId from, const std::vector<FeedLink>& links) {
    if (!std::ranges::binary_search(nodes_, from)) {
        return;
    }
    rows_[from].clear();
    for (const FeedLink& link : links) {
        take_link(link);
    }
}

void MeshHub::take_link(const FeedLink& link) {
    if (std::ranges::binary_search(nodes_, link.from) && std::ranges::binary_search(nodes_, link.to)) {
        rows_[link.from].insert_or_assign(link.to, link);
    }
}

void MeshHub::forget_row(NodeId from) {
    rows_.erase(from);
}

void MeshHub::summarize() {
    if (nodes_.empty()) {
        return;
    }
    RttMatrix direct(nodes_.size());
    for (const auto& [from, row] : rows_) {
        const auto at = std::ranges::lower_bound(nodes_, from) - nodes_.begin();
        for (const auto& [to, link] : row) {
            const auto cost = cost_ms(link);
            if (cost != kUnknownRtt) {
                direct.set(static_cast<std::size_t>(at),
                           static_cast<std::size_t>(std::ranges::lower_bound(nodes_, to) - nodes_.begin()), cost);
            }
        }
    }
    MeshSummary next = summarize_links(direct, rule_, kept_.empty() ? nullptr : &kept_.back());
    next.node_items = {};
    if (!loads_.empty()) {
        summarize_nodes(next, load_features(loads_, nodes_), load_rule(), kept_.empty() ? nullptr : &kept_.back());
    }
    next.generation = ++generation_;
    kept_.push_back(std::move(next));
    if (kept_.size() > kKept) {
        kept_.pop_front();
    }
    encoded_.clear();
}

const std::vector<std::uint8_t>* MeshHub::message_for(std::uint32_t held) {
    if (kept_.empty()) {
        return nullptr;
    }
    const auto base = std::ranges::find(kept_, held, &MeshSummary::generation);
    const std::uint32_t key = base == kept_.end() ? 0 : held;
    auto& message = encoded_[key];
    if (message.empty()) {
        message = encode_full(kept_.back());
        if (key != 0) {
            if (auto change = encode_delta(*base, kept_.back()); change && change->size() < message.size()) {
                message = std::move(*change);
            }
        }
    }
    return &message;
}

std::size_t MeshHub::raw_bytes() const noexcept {
    std::size_t links = 0;
    for (const auto& [from, row] : rows_) {
        links += row.size();
    }
    return links * 2;
}

std::size_t MeshHub::whole_bytes() {
    const auto* const whole = message_for(0);
    return whole == nullptr ? 0 : whole->size();
}

}  // namespace izar
