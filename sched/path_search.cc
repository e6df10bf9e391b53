#include "sched/path_search.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

constexpr TaggedCost kNoHop = tag_cost(kUnknownCost, kIndexMask);

constexpr TaggedCost cap(TaggedCost tagged) noexcept {
    return cost_of(tagged) < kUnknownCost ? tagged : tag_cost(kUnknownCost, index_of(tagged));
}

}  // namespace

PathSearch::PathSearch(const CostMatrix& costs, NodeSlot self, const PathKernels& kernels)
    : costs_(costs), self_(self), kernels_(kernels), may_relay_(costs.nodes(), true) {
    CHECK(raw(self) < costs.nodes());
    rebuild();
}

void PathSearch::set_relays(std::vector<bool> allowed) {
    CHECK(allowed.size() == costs_.nodes());
    may_relay_ = std::move(allowed);
}

void PathSearch::rebuild() {
    const std::size_t stride = costs_.stride();
    row_.resize(stride);
    through_.resize(stride);
    for (std::size_t k = 0; k < stride; ++k) {
        row_[k] = through_[k] = tag_cost(kUnknownCost, k);
    }
    for (auto& rank : hops_) {
        rank.assign(stride, kNoHop);
    }
    known_.assign(stride, kFirstHops);
    for (std::size_t m = 0; m < costs_.nodes(); ++m) {
        set_row(slot_at(m));
    }
    for (std::size_t k = 0; k < costs_.nodes(); ++k) {
        look_again(slot_at(k));
    }
    better_.clear();  // everything is new
}

void PathSearch::set_row(NodeSlot to) {
    const bool usable = to != self_ && may_relay_[raw(to)];
    row_[raw(to)] = tag_cost(usable ? direct_cost(to) : kUnknownCost, raw(to));
}

PathSearch::FirstHops PathSearch::find_first_hops(NodeSlot to) const {
    FirstHops hops;
    if (to == self_ || !may_relay_[raw(to)]) {
        hops.fill(kNoHop);
        return hops;
    }
    kernels_.least_sums(row_.data(), costs_.into(to), costs_.stride(), hops.data());
    TaggedCost carried = tag_cost(direct_cost(to), raw(self_));
    for (TaggedCost& hop : hops) {
        hop = cap(hop);
        if (carried < hop) {
            std::swap(carried, hop);
        }
    }
    return hops;
}

void PathSearch::store_first_hops(NodeSlot to, const FirstHops& hops, std::size_t known) {
    BetterWay better{.relay = to};
    for (std::size_t r = kFirstHops; r-- > 0;) {
        if (hops[r] < hops_[r][raw(to)]) {
            better.cost = cost_of(hops[r]);
        }
        hops_[r][raw(to)] = hops[r];
    }
    known_[raw(to)] = static_cast<std::uint8_t>(known);
    through_[raw(to)] = tag_cost(cost_of(hops[0]), raw(to));
    if (better.cost < kUnknownCost) {
        better_.push_back(better);
    }
}

bool PathSearch::is_first_hop(NodeSlot relay, NodeSlot first) const noexcept {
    return std::ranges::any_of(hops_, [&](const auto& rank) { return index_of(rank[raw(relay)]) == raw(first); });
}

void PathSearch::look_again(NodeSlot relay) {
    store_first_hops(relay, find_first_hops(relay), kFirstHops);
}

// A first hop costs something else: it moves to its new place among those that are known, or out of them. What is
// not known is no better than the last that is.
void PathSearch::move_first_hop(NodeSlot relay, TaggedCost offer) {
    FirstHops hops;
    hops.fill(kNoHop);
    std::size_t count = 0;
    bool placed = false;
    for (std::size_t r = 0; r < known_[raw(relay)] && count < kFirstHops; ++r) {
        const TaggedCost hop = hops_[r][raw(relay)];
        if (!placed && offer < hop) {
            hops[count++] = offer;
            placed = true;
        }
        if (index_of(hop) != index_of(offer) && count < kFirstHops) {
            hops[count++] = hop;
        }
    }
    if (count < least_known()) {
        look_again(relay);
    } else {
        store_first_hops(relay, hops, count);
    }
}

std::span<const BetterWay> PathSearch::link_changed(NodeSlot from, NodeSlot to) {
    better_.clear();
    if (from == self_) {
        own_link_changed(to);
    } else {
        look_again(to);
    }
    return better_;
}

// Every path may begin with this link. One that got dearer concerns who used it; one that got cheaper those to whom it
// is now better than the last that they know.
void PathSearch::own_link_changed(NodeSlot to) {
    const TaggedCost old_row = row_[raw(to)];
    set_row(to);
    const TaggedCost row = row_[raw(to)];
    const Cost* onward = costs_.out_of(to);
    for (std::size_t k = 0; k < costs_.nodes(); ++k) {
        const NodeSlot relay = slot_at(k);
        if (relay == to) {
            look_again(to);
            continue;
        }
        if (relay == self_ || !may_relay_[k] || (row >= old_row && !is_first_hop(relay, to))) {
            continue;
        }
        const TaggedCost offer = cap(row + (onward[k] << kIndexBits));
        if (row >= old_row || offer < hops_[known_[k] - 1U][k]) {
            move_first_hop(relay, offer);
        }
    }
}

RelayPath PathSearch::path_over(NodeSlot last_relay, TaggedCost first_hop, NodeSlot to) const noexcept {
    RelayPath path;
    const NodeSlot first = slot_at(index_of(first_hop));
    path.relay = first == self_ ? std::array{last_relay, kNoSlot} : std::array{first, last_relay};
    path.cost = add_costs(cost_of(first_hop), costs_.at(last_relay, to));
    return path;
}

RelayPath PathSearch::best(NodeSlot to) const {
    const RelayPath direct{.cost = direct_cost(to)};
    const TaggedCost least = kernels_.least_sum(through_.data(), costs_.into(to), costs_.stride());
    if (direct.cost <= cost_of(least) || cost_of(least) >= kUnknownCost) {
        return direct;
    }
    const std::size_t k = index_of(least);
    return path_over(slot_at(k), hops_[0][k], to);
}

RelayPath PathSearch::best_avoiding(NodeSlot to, const RelayPath& primary) const {
    Avoided avoided{.destination = raw(to)};
    if (primary.relay[0] != kNoSlot) {
        avoided.relay_a = raw(primary.relay[0]);
    }
    if (primary.relay[1] != kNoSlot) {
        avoided.relay_b = raw(primary.relay[1]);
    }
    const TaggedCost* ranks[kFirstHops];
    for (std::size_t r = 0; r < kFirstHops; ++r) {
        ranks[r] = hops_[r].data();
    }
    const RelayPath direct{.cost = primary.relays() > 0 ? direct_cost(to) : kUnknownCost};
    const TaggedCost least = kernels_.least_avoiding(ranks, costs_.into(to), costs_.stride(), avoided);
    if (direct.cost <= cost_of(least) && direct.exists()) {
        return direct;
    }
    if (cost_of(least) < kUnknownCost) {
        const std::size_t k = index_of(least);
        for (const auto& rank : hops_) {
            const auto first = index_of(rank[k]);
            if (first != avoided.relay_a && first != avoided.relay_b && first != avoided.destination) {
                return path_over(slot_at(k), rank[k], to);
            }
        }
    }
    // Nothing without those relays: look at every path for one without those links.
    RelayPath other_links;
    RelayPath other_start;
    visit_paths(to, [&](const RelayPath& path) {
        if (path.first_hop(to) == primary.first_hop(to)) {
            return;
        }
        if (path.cost < other_start.cost) {
            other_start = path;
        }
        if (path.last_hop(self_) != primary.last_hop(self_) && path.cost < other_links.cost) {
            other_links = path;
        }
    });
    return other_links.exists() ? other_links : other_start;
}

std::vector<RelayPath> PathSearch::k_best(NodeSlot to, std::size_t count) const {
    CHECK(count >= 1 && count <= kMaxPaths);
    std::vector<RelayPath> kept;
    visit_paths(to, [&](const RelayPath& path) {
        if (kept.size() == count) {
            if (path.cost >= kept.back().cost) {
                return;
            }
            kept.pop_back();
        }
        kept.insert(std::ranges::upper_bound(kept, path.cost, {}, &RelayPath::cost), path);
    });
    return kept;
}

// Calls visit(path) for the direct path and for those over each kept first hop: enough for the kMaxPaths best.
template <typename Visit>
void PathSearch::visit_paths(NodeSlot to, Visit visit) const {
    if (direct_cost(to) < kUnknownCost) {
        visit(RelayPath{.cost = direct_cost(to)});
    }
    for (std::size_t k = 0; k < costs_.nodes(); ++k) {
        if (costs_.into(to)[k] >= kUnknownCost) {
            continue;
        }
        for (const auto& rank : hops_) {
            const RelayPath path = path_over(slot_at(k), rank[k], to);
            if (index_of(rank[k]) != raw(to) && path.exists()) {
                visit(path);
            }
        }
    }
}

Cost PathSearch::cost(NodeSlot to, const RelayPath& path) const noexcept {
    NodeSlot from = self_;
    Cost sum = 0;
    for (const NodeSlot relay : path.relay) {
        if (relay != kNoSlot) {
            sum = may_relay_[raw(relay)] ? add_costs(sum, costs_.at(from, relay)) : kUnknownCost;
            from = relay;
        }
    }
    return add_costs(sum, costs_.at(from, to));
}

}  // namespace izar
