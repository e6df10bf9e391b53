#include "sched/scheduler.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "sched/explain.h"
#include "sched/link_pricing.h"

namespace izar {
namespace {

constexpr NodeSlot slot_at(std::size_t index) noexcept {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

}  // namespace

Scheduler::Scheduler(Publisher& publisher, std::span<LinkReportRing* const> rings, FeedRing& feed, SchedulerView& view,
                     std::uint16_t overlay_mtu)
    : publisher_(publisher),
      rings_(rings.begin(), rings.end()),
      feed_(feed),
      view_(view),
      overlay_mtu_(overlay_mtu),
      wanted_services_(std::make_shared<const ServiceTable>(std::vector<Service>{})) {}

bool Scheduler::do_work(const OnSched& thread, Instant now) {
    bool worked = drain_feed(now);
    worked |= drain_reports();
    if (fleet_ == nullptr) {
        return worked | answer_question(now);
    }
    worked |= plan_if_due(now);
    worked |= force_rewrite(now);
    worked |= publish_if_due(thread, now);
    return worked | answer_question(now);
}

void Scheduler::set_forced_rewrites(std::uint32_t per_second) noexcept {
    rewrite_interval_ = per_second == 0 ? Nanos{} : Nanos{std::chrono::seconds{1}} / per_second;
    next_rewrite_ = Instant{};
}

bool Scheduler::drain_reports() {
    std::uint64_t taken = 0;
    for (LinkReportRing* ring : rings_) {
        LinkReport report;
        for (std::size_t i = 0; i < kReportsARound && ring->pop(report); ++i) {
            ++taken;
            if (fleet_ == nullptr) {
                continue;
            }
            mesh_.take(report);
            urgent_ |= report.kind == LinkReportKind::up || report.kind == LinkReportKind::down ||
                       (report.kind == LinkReportKind::peer_row && report.row.rtt_us == kUnreachableRtt);
            if (report.kind == LinkReportKind::down) {
                cut_at_ = std::min(cut_at_.value_or(report.at), report.at);
            }
        }
    }
    reports_ += taken;
    measured_ |= taken > 0;
    return taken > 0;
}

bool Scheduler::drain_feed(Instant now) {
    bool taken = false;
    std::shared_ptr<const FeedUpdate> update;
    for (std::size_t i = 0; i < kUpdatesARound && feed_.pop(update); ++i) {
        take_update(*update, now);
        taken = true;
    }
    return taken;
}

void Scheduler::take_update(const FeedUpdate& update, Instant now) {
    if (update.policy != nullptr) {
        policy_ = update.policy;
        planner_.set_policy(*policy_);
        price_all_ = true;
        build_all_ = true;
        urgent_ = true;
    }
    if (update.fleet != nullptr) {
        take_fleet(update.fleet);
    }
    if (update.services != nullptr) {
        wanted_services_ = update.services;
        services_changed_ = true;
        urgent_ = true;
    }
    if (fleet_ != nullptr) {
        mesh_.take(update, now);
        measured_ = true;
        const auto is_down = [](const FeedLink& link) { return !link.reachable; };
        urgent_ |= !update.withdrawn.empty() || !update.restored.empty() || std::ranges::any_of(update.links, is_down);
    }
}

void Scheduler::take_fleet(std::shared_ptr<const Fleet> fleet) {
    const auto old = std::exchange(fleet_, std::move(fleet));
    const bool same_self = old != nullptr && old->self == fleet_->self;
    mesh_.set_fleet(*fleet_);
    planner_.reset(fleet_->nodes.size(), fleet_->self);
    for (std::size_t s = 0; s < fleet_->nodes.size(); ++s) {
        if (!same_self || s >= old->nodes.size() || old->nodes[s].id != fleet_->nodes[s].id) {
            planner_.forget(slot_at(s));
        }
    }
    destinations_.assign(fleet_->nodes.size(), Destination{});
    build_all_ = true;
    services_changed_ = true;
    publish_wanted_ = true;
    urgent_ = true;
}

bool Scheduler::plan_if_due(Instant now) {
    const bool interval_over = now - planned_at_ >= kPlanInterval;
    if (!urgent_ && !interval_over) {
        return false;
    }
    const bool measured = measured_ || urgent_;
    measured_ = urgent_ = false;
    price_links(now);
    const auto replanned = planner_.plan(now);
    publish_wanted_ |= !replanned.empty();
    build_destinations(replanned, now);
    build_services();
    build_row(now);
    planned_at_ = now;
    ++plans_;
    return measured;
}

void Scheduler::price_links(Instant now) {
    const bool policy_changed = std::exchange(price_all_, false);
    if (!mesh_.everything_changed() && !policy_changed) {
        // A dead link does not wait for thousands of others to be looked at for age.
        const bool aging_due = now - aged_at_ >= kPlanInterval;
        aged_at_ = aging_due ? now : aged_at_;
        for (const LinkChange& change : mesh_.changes(aging_due ? kRowsARound : 0)) {
            set_price(change.from, change.to, now);
        }
        return;
    }
    planner_.set_relays(allowed_relays(mesh_, *policy_, *fleet_, now));
    for (std::size_t from = 0; from < mesh_.nodes(); ++from) {
        for (std::size_t to = 0; to < mesh_.nodes(); ++to) {
            set_price(slot_at(from), slot_at(to), now);
        }
    }
}

void Scheduler::set_price(NodeSlot from, NodeSlot to, Instant now) {
    if (from == to || to == fleet_->self) {
        return;  // nothing that leads back here can be part of a path
    }
    const Cost cost = price_link(mesh_, *policy_, from, to, now).total;
    if (is_news(planner_.cost(from, to), cost)) {
        planner_.set_cost(from, to, cost);
    }
}

void Scheduler::build_services() {
    std::vector<bool> reachable(fleet_->nodes.size());
    for (std::size_t s = 0; s < reachable.size(); ++s) {
        reachable[s] = slot_at(s) == fleet_->self || planner_.route(slot_at(s)).primary.exists();
    }
    if (!services_changed_ && reachable == reachable_) {
        return;
    }
    services_ = service_builder_.build(*wanted_services_, *fleet_, reachable);
    reachable_ = std::move(reachable);
    services_changed_ = false;
    publish_wanted_ = true;
}

void Scheduler::build_row(Instant now) {
    if (now - row_built_at_ < kRowInterval && !cut_at_) {
        return;
    }
    row_built_at_ = now;
    auto items = build_own_row(mesh_, *fleet_, now);
    if (rows_differ(own_row_->items, items)) {
        own_row_ = std::make_shared<const OwnRow>(OwnRow{.version = own_row_->version + 1, .items = std::move(items)});
        publish_wanted_ = true;
    }
}

bool Scheduler::force_rewrite(Instant now) {
    if (rewrite_interval_ == Nanos{} || now < next_rewrite_) {
        return false;
    }
    // Keeps the rate on average, but never catches up on a long pause in one go.
    next_rewrite_ = std::max(next_rewrite_ + rewrite_interval_, now - std::chrono::milliseconds{10});
    publish_wanted_ = true;
    return true;
}

bool Scheduler::publish_if_due(const OnSched& thread, Instant now) {
    if (!publish_wanted_ || services_ == nullptr) {
        return false;
    }
    RouteTable* table = publisher_.writable(thread);
    if (table == nullptr) {
        ++coalesced_;
        return false;
    }
    write_table(*table);
    publisher_.publish(thread, table, fleet_, services_, own_row_);
    ++published_;
    publish_wanted_ = false;
    if (cut_at_) {
        last_cut_ = now - *std::exchange(cut_at_, std::nullopt);
        slowest_cut_ = std::max(slowest_cut_.value_or(Nanos{}), *last_cut_);
    }
    return true;
}

PathContext Scheduler::path_context(Instant now) const {
    return {.fleet = *fleet_,
            .mesh = mesh_,
            .overlay_mtu = overlay_mtu_,
            .spread_margin = policy_->spread ? policy_->spread_margin : -1,
            .now = now};
}

// Building a destination costs more than copying it, so only those that changed are built; the others keep a
// predicted RTT that is refreshed in turn.
void Scheduler::build_destinations(std::span<const NodeSlot> replanned, Instant now) {
    const PathContext context = path_context(now);
    const auto build = [&](NodeSlot to) {
        if (to != fleet_->self) {
            destinations_[raw(to)] = build_destination(context, to, planner_.route(to));
        }
    };
    std::ranges::for_each(replanned, build);
    const std::size_t more = std::exchange(build_all_, false) ? destinations_.size() : kDestinationsARound;
    for (std::size_t i = 0; i < std::min(more, destinations_.size()); ++i) {
        next_destination_ = (next_destination_ + 1) % destinations_.size();
        build(slot_at(next_destination_));
    }
}

void Scheduler::write_table(RouteTable& table) const {
    const auto end = std::ranges::copy(destinations_, table.destination.begin()).out;
    std::fill(end, table.destination.end(), Destination{});
}

bool Scheduler::answer_question(Instant now) {
    const auto question = view_.take_question();
    if (!question) {
        return false;
    }
    if (question->kind == SchedulerView::Question::Kind::status) {
        view_.answer(*question, status(now));
    } else {
        view_.answer(*question, explain(*this, question->from, question->to, now));
    }
    return true;
}

}  // namespace izar
