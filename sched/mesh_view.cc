// mesh_view.cc -- What a Mesh says of links, nodes and changes now.
#include <algorithm>
#include <utility>

#include "sched/mesh.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

// Old means: not told for a lifetime, of which the source could have told it all the time.
bool is_old(Instant at, Instant live_since, Nanos lifetime, Instant now) noexcept {
    return now - std::max(at, live_since) > lifetime;
}

Hold hold_of(const LinkEstimate& own, Instant now) noexcept {
    if (!own.held(now)) {
        return own.shrunk() ? Hold::soft : Hold::none;
    }
    return own.on_probation(now) ? Hold::strict : Hold::soft;
}

}  // namespace

bool Mesh::suspect(NodeSlot from, NodeSlot to, Instant now) const noexcept {
    if (!item(from, to).suspect) {
        return false;
    }
    const auto entry = suspects_.find(place(from, to));
    return entry != suspects_.end() && now < entry->second;
}

bool Mesh::row_is_live(NodeSlot from) const noexcept {
    return own_[raw(from)].heard();
}

LinkView Mesh::link(NodeSlot from, NodeSlot to, Instant now) const {
    LinkView view;
    if (withdrawn_[raw(from)] || withdrawn_[raw(to)]) {
        view.state = LinkState::withdrawn;
        return view;
    }
    if (from == self_) {
        const LinkEstimate& own = own_[raw(to)];
        return {.state = own.state(now),
                .source = ItemSource::own,
                .hold = hold_of(own, now),
                .rtt = own.smoothed(),
                .variation = own.variation(),
                .loss = own.loss(),
                .count = own.samples(),
                .epoch = own.times_down(),
                .at = own.measured_at(),
                .mtu = own.mtu()};
    }
    const Item& known = item(from, to);
    if (known.source == ItemSource::none) {
        return view;
    }
    const bool is_row = known.source == ItemSource::peer_row;
    const bool live = is_row ? row_is_live(from) : feed_is_live();
    const Instant live_since = is_row ? own_[raw(from)].changed_at() : feed_life_since_;
    const Nanos lifetime = is_row ? kRowLifetime : kFeedLifetime;
    view.source = known.source;
    view.at = known.at;
    if (live && is_old(known.at, live_since, lifetime, now)) {
        return view;
    }
    view.state = known.rtt_us == kUnreachableRtt ? LinkState::down : LinkState::up;
    view.stale = !live;
    view.rtt = std::chrono::microseconds{known.rtt_us};
    view.variation = std::chrono::microseconds{known.variation_us};
    view.loss = known.loss;
    view.count = known.count;
    view.epoch = known.epoch;
    view.mtu = known.mtu & ~kRowShrunk;
    view.hold = (known.mtu & kRowShrunk) != 0 ? Hold::soft : Hold::none;
    if (suspect(from, to, now)) {
        view.hold = Hold::strict;
    }
    return view;
}

BandwidthView Mesh::bandwidth(NodeSlot from, NodeSlot to, Instant now) const {
    if (from == self_) {
        return {own_[raw(to)].bandwidth(), own_[raw(to)].traffic_at()};
    }
    if (traffic_.empty()) {
        return {};
    }
    const Traffic& known = traffic_[raw(from) * own_.size() + raw(to)];
    if (known.count == 0 || (feed_is_live() && is_old(known.at, feed_life_since_, kFeedLifetime, now))) {
        return {};
    }
    const NodeLoad* const near = load(from, now);
    return {{known.used, near == nullptr ? kNoRate : near->capacity, known.count}, known.at};
}

double Mesh::round_trip_loss(NodeSlot from, NodeSlot to) const {
    const auto one_way = [&](NodeSlot near, NodeSlot far) {
        return near == self_ ? own_[raw(far)].loss() : static_cast<double>(item(near, far).loss);
    };
    const auto of_both = [&](NodeSlot near, NodeSlot far) { return near != self_ && item(near, far).round_trip; };
    if (of_both(from, to) || of_both(to, from)) {
        // The feed's holds both directions, but what one end counts itself may be newer.
        return std::max(one_way(from, to), one_way(to, from));
    }
    return 1 - (1 - one_way(from, to)) * (1 - one_way(to, from));
}

bool Mesh::is_deaf(Instant now) const noexcept {
    Instant last{};
    for (const LinkEstimate& link : own_) {
        if (link.heard()) {
            return false;
        }
        last = std::max(last, link.changed_at());
    }
    const auto together = [last](const LinkEstimate& link) {
        return link.times_down() > 0 && last - link.changed_at() < kTogether;
    };
    return now - last < kPatience && std::ranges::count_if(own_, together) > 1;
}

const NodeLoad* Mesh::load(NodeSlot node, Instant now) const noexcept {
    const Load& known = loads_[raw(node)];
    if (!known.known || (feed_is_live() && is_old(known.at, feed_life_since_, kFeedLifetime, now))) {
        return nullptr;
    }
    return &known.load;
}

std::span<const LinkChange> Mesh::changes(std::size_t rows) {
    given_.swap(touched_);
    touched_.clear();
    const auto add_row = [&](std::size_t from) {
        for (std::size_t to = 0; to < own_.size(); ++to) {
            if (to != from) {
                given_.push_back({slot_at(from), slot_at(to)});
            }
        }
    };
    if (own_.empty() || rows == 0) {
        return given_;
    }
    add_row(raw(self_));
    for (std::size_t i = 0; i < std::min(rows, own_.size()); ++i) {
        next_row_ = (next_row_ + 1) % own_.size();
        add_row(next_row_);
    }
    return given_;
}

bool Mesh::everything_changed() noexcept {
    return std::exchange(everything_changed_, false);
}

bool Mesh::loads_changed() noexcept {
    return std::exchange(loads_changed_, false);
}

bool Mesh::sizes_changed() noexcept {
    return std::exchange(sizes_changed_, false);
}

bool Mesh::is_pressing() noexcept {
    return std::exchange(pressing_, false);
}

}  // namespace izar
