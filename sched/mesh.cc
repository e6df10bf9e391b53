#include "sched/mesh.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

std::uint32_t to_us(Nanos t) noexcept {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(t).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, kUnreachableRtt - 1));
}

}  // namespace

void Mesh::set_fleet(const Fleet& fleet) {
    const std::size_t count = fleet.nodes.size();
    CHECK(count <= kMaxNodes && raw(fleet.self) < count);
    const std::vector<NodeId> old_ids = std::move(ids_);
    const std::vector<Item> old_items = std::move(items_);
    const std::vector<Traffic> old_traffic = std::exchange(traffic_, {});
    const bool same_self = self_ == fleet.self;
    const auto stayed = [&](std::size_t s) {
        return s < old_ids.size() && s < count && old_ids[s] == fleet.nodes[s].id && same_self;
    };
    self_ = fleet.self;
    slot_of_id_ = fleet.slot_of_id;
    ids_.assign(count, kNoNode);
    items_.assign(count * count, Item{});
    if (!old_traffic.empty()) {
        traffic_.assign(count * count, Traffic{});
    }
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
                Item& kept = items_[from * count + to];
                kept = old_items[from * old_ids.size() + to];
                kept.suspect = false;
                if (!old_traffic.empty()) {
                    traffic_[from * count + to] = old_traffic[from * old_ids.size() + to];
                }
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
    if (report.kind == LinkReportKind::up || report.kind == LinkReportKind::down) {
        pressing_ = true;
        touch(self_, report.link);
    }
    // The others need no touch: changes() looks at all own links anyway, and they come a hundred times a second each.
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
    const Item before = known;
    known = Item{.at = report.at,
                 .rtt_us = report.row.rtt_us,
                 .loss = static_cast<float>(report.row.loss) / 65535.0F,
                 .count = count,
                 .mtu = report.row.mtu,
                 .epoch = static_cast<std::uint16_t>(own_[raw(report.link)].times_down()),
                 .source = ItemSource::peer_row,
                 .suspect = before.suspect};
    pressing_ |= died(before, known);
    if (!moved_little(before, known)) {
        touch(report.link, to);
    }
}

bool Mesh::died(const Item& before, const Item& after) noexcept {
    return before.source != ItemSource::none && before.rtt_us != kUnreachableRtt && after.rtt_us == kUnreachableRtt;
}

// Rows bring hundreds of thousands of items a second to a node of many, and next to all of them say the same again.
// What drifts is seen when the row's turn comes (changes()).
bool Mesh::moved_little(const Item& before, const Item& after) noexcept {
    constexpr std::uint32_t kLeastMove = 50;  // microseconds; as is_news()
    constexpr float kLeastLossMove = 1.0F / 1024;
    const bool same_source = before.source == after.source && after.at - before.at <= kRowLifetime;
    const std::uint32_t moved =
        before.rtt_us < after.rtt_us ? after.rtt_us - before.rtt_us : before.rtt_us - after.rtt_us;
    return same_source && moved < kLeastMove && std::abs(before.loss - after.loss) < kLeastLossMove &&
           before.mtu == after.mtu;
}

void Mesh::take_path(const LinkReport& report) {
    if (!report.path.dead) {
        return;
    }
    end_suspicions(report.at);
    NodeSlot from = slot(report.path.segments[0]);
    for (std::size_t i = 1; i < kMaxSegments && report.path.segments[i] != kNoNode; ++i) {
        const NodeSlot to = slot(report.path.segments[i]);
        if (from == kNoSlot || to == kNoSlot) {
            ++ignored_items_;
            return;
        }
        cast_suspicion(from, to, report.at);
        from = to;
    }
}

// A dead path is reported again and again; only the first time is news.
void Mesh::cast_suspicion(NodeSlot from, NodeSlot to, Instant at) {
    const auto [entry, is_new] = suspects_.try_emplace(place(from, to));
    if (is_new || entry->second <= at) {
        item(from, to).suspect = true;
        pressing_ = true;
        touch(from, to);
    }
    entry->second = at + kSuspicion;
}

void Mesh::end_suspicions(Instant now) {
    if (now - suspects_reviewed_ < kSuspicion) {
        return;
    }
    suspects_reviewed_ = now;
    std::erase_if(suspects_, [&](const auto& entry) {
        const auto& [at, until] = entry;
        if (until > now) {
            return false;
        }
        items_[at].suspect = false;
        return true;
    });
}

void Mesh::take(const FeedUpdate& update, Instant now) {
    if (update.life && *update.life != feed_life_) {
        feed_epoch_ += feed_life_ == FeedLife::live ? 1 : 0;
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
        loads_changed_ = true;
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
    take_bandwidth(from, to, link.bandwidth, at);
    if (known.source == ItemSource::peer_row && at < known.at) {
        return;
    }
    const Item before = known;
    known = Item{.at = at,
                 .rtt_us = link.reachable ? to_us(link.rtt) : kUnreachableRtt,
                 .variation_us = to_us(link.variation),
                 .loss = static_cast<float>(link.loss),
                 .count = link.count,
                 .mtu = known.mtu,  // feeds do not tell it
                 .epoch = feed_epoch_,
                 .source = ItemSource::feed,
                 .round_trip = link.round_trip,
                 .suspect = before.suspect};
    pressing_ |= died(before, known);
    touch(from, to);
}

// No route is priced by it alone, so nothing is touched.
void Mesh::take_bandwidth(NodeSlot from, NodeSlot to, const Bandwidth& bandwidth, Instant at) {
    if (bandwidth.count == 0) {
        return;
    }
    if (traffic_.empty()) {
        traffic_.resize(own_.size() * own_.size());
    }
    traffic_[raw(from) * own_.size() + raw(to)] = {at, bandwidth.used, bandwidth.count};
}

void Mesh::set_withdrawn(NodeId node, bool withdrawn) {
    const NodeSlot s = slot(node);
    if (s == kNoSlot) {
        ++ignored_items_;
        return;
    }
    withdrawn_[raw(s)] = withdrawn;
    everything_changed_ = pressing_ = true;
}

}  // namespace izar
