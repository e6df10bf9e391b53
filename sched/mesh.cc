#include "sched/mesh.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

std::uint32_t to_us(Nanos t) noexcept {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(t).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, kUnreachableRtt - 1));
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

void Mesh::set_fleet(const Fleet& fleet) {
    const std::size_t count = fleet.nodes.size();
    CHECK(count <= kMaxNodes && raw(fleet.self) < count);
    const std::vector<NodeId> old_ids = std::move(ids_);
    const std::vector<Item> old_items = std::move(items_);
    const bool same_self = self_ == fleet.self;
    const auto stayed = [&](std::size_t s) {
        return s < old_ids.size() && s < count && old_ids[s] == fleet.nodes[s].id && same_self;
    };
    self_ = fleet.self;
    slot_of_id_ = fleet.slot_of_id;
    ids_.assign(count, kNoNode);
    items_.assign(count * count, Item{});
    own_.resize(count);
    loads_.resize(count);
    withdrawn_.resize(count);
    for (std::size_t from = 0; from < count; ++from) {
        ids_[from] = fleet.nodes[from].id;
        if (!stayed(from)) {
            own_[from] = LinkEstimate{};
            loads_[from] = Load{};
            withdrawn_[from] = false;
            continue;
        }
        for (std::size_t to = 0; to < count; ++to) {
            if (stayed(to)) {
                items_[from * count + to] = old_items[from * old_ids.size() + to];
            }
        }
    }
    suspects_.clear();
    touched_.clear();
    next_row_ = 0;
    everything_changed_ = true;
}

void Mesh::take(const LinkReport& report) {
    const std::size_t link = raw(report.link);
    if (link >= own_.size() || ids_[link] == kNoNode || report.link == self_) {
        ++ignored_items_;  // a report may be older than the fleet in force
        return;
    }
    if (report.kind == LinkReportKind::peer_row) {
        take_row(report);
        return;
    }
    if (report.kind == LinkReportKind::path) {
        take_path(report);
        return;
    }
    own_[link].take(report);
    sizes_changed_ |= report.kind == LinkReportKind::mtu;
    touch(self_, report.link);
}

// The way back is touched too: each end counts the loss of what it receives, which is the other direction's.
void Mesh::touch(NodeSlot from, NodeSlot to) {
    touched_.push_back({from, to});
    touched_.push_back({to, from});
}

void Mesh::take_row(const LinkReport& report) {
    const NodeSlot to = slot(report.row.to);
    if (to == kNoSlot || to == report.link) {
        ++ignored_items_;
        return;
    }
    Item& known = item(report.link, to);
    if (known.source != ItemSource::none && report.at < known.at) {
        return;
    }
    sizes_changed_ |= known.mtu != report.row.mtu;
    const std::uint32_t count = known.source == ItemSource::peer_row ? known.count + 1 : 1;
    known = Item{.at = report.at,
                 .rtt_us = report.row.rtt_us,
                 .loss = static_cast<float>(report.row.loss) / 65535.0F,
                 .count = count,
                 .mtu = report.row.mtu,
                 .source = ItemSource::peer_row};
    touch(report.link, to);
}

void Mesh::take_path(const LinkReport& report) {
    if (!report.path.dead) {
        return;
    }
    std::erase_if(suspects_, [&](const Suspect& one) { return one.until <= report.at; });
    NodeSlot from = slot(report.path.segments[0]);
    for (std::size_t i = 1; i < kMaxSegments && report.path.segments[i] != kNoNode; ++i) {
        const NodeSlot to = slot(report.path.segments[i]);
        if (from == kNoSlot || to == kNoSlot) {
            ++ignored_items_;
            return;
        }
        const auto known = std::ranges::find_if(
            suspects_, [&](const Suspect& one) { return one.link.from == from && one.link.to == to; });
        Suspect& one = known == suspects_.end() ? suspects_.emplace_back() : *known;
        one = {{from, to}, report.at + kSuspicion};
        touch(from, to);
        from = to;
    }
}

bool Mesh::suspect(NodeSlot from, NodeSlot to, Instant now) const noexcept {
    return std::ranges::any_of(
        suspects_, [&](const Suspect& one) { return one.link.from == from && one.link.to == to && now < one.until; });
}

void Mesh::take(const FeedUpdate& update, Instant now) {
    if (update.life && *update.life != feed_life_) {
        feed_life_ = *update.life;
        feed_life_since_ = now;
        everything_changed_ = true;
    }
    for (const NodeId node : update.withdrawn) {
        set_withdrawn(node, true);
    }
    for (const NodeId node : update.restored) {
        set_withdrawn(node, false);
    }
    for (const FeedNode& node : update.nodes) {
        const NodeSlot s = slot(node.node);
        if (s == kNoSlot) {
            ++ignored_items_;
            continue;
        }
        loads_[raw(s)] = Load{.at = now - node.age, .load = node.load, .known = true};
        everything_changed_ = true;
    }
    for (const FeedLink& link : update.links) {
        take_link(link, now);
    }
}

void Mesh::take_link(const FeedLink& link, Instant now) {
    const NodeSlot from = slot(link.from);
    const NodeSlot to = slot(link.to);
    if (from == kNoSlot || to == kNoSlot || from == to || from == self_) {
        ++ignored_items_;  // own links are measured, not told
        return;
    }
    Item& known = item(from, to);
    const Instant at = now - link.age;
    if (known.source == ItemSource::peer_row && at < known.at) {
        return;
    }
    known = Item{.at = at,
                 .rtt_us = link.reachable ? to_us(link.rtt) : kUnreachableRtt,
                 .variation_us = to_us(link.variation),
                 .loss = static_cast<float>(link.loss),
                 .count = link.count,
                 .mtu = known.mtu,  // feeds do not tell it
                 .source = ItemSource::feed,
                 .round_trip = link.round_trip};
    touch(from, to);
}

void Mesh::set_withdrawn(NodeId node, bool withdrawn) {
    const NodeSlot s = slot(node);
    if (s == kNoSlot) {
        ++ignored_items_;
        return;
    }
    withdrawn_[raw(s)] = withdrawn;
    everything_changed_ = true;
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
    view.mtu = known.mtu & ~kRowShrunk;
    view.hold = (known.mtu & kRowShrunk) != 0 ? Hold::soft : Hold::none;
    if (suspect(from, to, now)) {
        view.hold = Hold::strict;
    }
    return view;
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

bool Mesh::sizes_changed() noexcept {
    return std::exchange(sizes_changed_, false);
}

}  // namespace izar
