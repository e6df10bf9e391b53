#include "sched/scheduler.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "sched/explain.h"

namespace izar {
namespace {

bool same_node(const FleetNode& a, const FleetNode& b) {
    const auto& [id, address, name, region] = a;
    return id == b.id && address == b.overlay_address && std::ranges::equal(name, b.name) &&
           std::ranges::equal(region, b.region);
}

// Whether every slot has the node that it had.
bool same_nodes(const Fleet& a, const Fleet& b) {
    return a.self == b.self && std::ranges::equal(a.nodes, b.nodes, same_node);
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
    worked |= drain_reports(now);
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

bool Scheduler::drain_reports(Instant now) {
    std::uint64_t taken = 0;
    for (LinkReportRing* ring : rings_) {
        LinkReport report;
        for (std::size_t i = 0; i < kReportsARound && ring->pop(report); ++i) {
            ++taken;
            if (listener_ != nullptr) {
                listener_->on_report(report, now);
            }
            if (fleet_ == nullptr) {
                continue;
            }
            mesh_.take(report);
            if (report.kind == LinkReportKind::path) {
                measured_paths_.take(report);
            }
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
        if (listener_ != nullptr) {
            listener_->on_update(update, now);
        }
        take_update(*update, now);
        taken = true;
    }
    return taken;
}

void Scheduler::take_update(const FeedUpdate& update, Instant now) {
    if (update.policies != nullptr) {
        take_policies(update.policies);
    }
    if (update.fleet != nullptr) {
        take_fleet(update.fleet);
    }
    if (update.services != nullptr) {
        wanted_services_ = update.services;
        services_changed_ = true;
        ++policy_version_;
        urgent_ = true;
    }
    if (fleet_ != nullptr) {
        mesh_.take(update, now);
        measured_ = true;
    }
}

void Scheduler::take_policies(std::shared_ptr<const RoutingPolicies> policies) {
    CHECK(!policies->list.empty() && policies->list.size() <= kMaxPolicies);
    policies_ = std::move(policies);
    const std::size_t before = routes_.size();
    routes_.resize(policies_->list.size());
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        routes_[i].set_policy(policies_->list[i]);
        if (i >= before && fleet_ != nullptr) {
            routes_[i].set_fleet(*fleet_, nullptr);
        }
    }
    price_all_ = true;
    services_changed_ = true;
    ++policy_version_;
    urgent_ = true;
}

void Scheduler::take_fleet(std::shared_ptr<const Fleet> fleet) {
    const auto old = std::exchange(fleet_, std::move(fleet));
    publish_wanted_ = true;
    // Most static data brings the nodes of before. To price and plan all links anew takes 0.3 ms with 100 nodes, 25
    // with 1,000.
    if (old != nullptr && same_nodes(*old, *fleet_)) {
        return;
    }
    mesh_.set_fleet(*fleet_);
    for (PolicyRoutes& routes : routes_) {
        routes.set_fleet(*fleet_, old.get());
    }
    services_changed_ = true;
    urgent_ = true;
}

bool Scheduler::plan_if_due(Instant now) {
    pressing_ |= mesh_.is_pressing();
    const bool presses = pressing_ && now - pressed_at_ >= kPressingInterval;
    // A dead link does not wait for thousands of others to be looked at for age: they come in the next round.
    const bool is_due = now >= plan_due_ + (presses ? kPlanInterval : Nanos{});
    // Packets sent on the paths of before may arrive; without a path they are dropped for certain.
    if ((!urgent_ && !presses && !is_due) || mesh_.is_deaf(now)) {
        return false;
    }
    pressed_at_ = presses ? now : pressed_at_;
    if (mesh_.sizes_changed()) {
        publish_wanted_ = true;
        std::ranges::for_each(routes_, &PolicyRoutes::build_all);
    }
    const bool measured = measured_ || urgent_ || pressing_;
    measured_ = urgent_ = pressing_ = false;
    price_links(now, is_due ? rows_due(now) : 0);
    std::size_t looked_at = 0;
    for (PolicyRoutes& routes : routes_) {
        publish_wanted_ |= routes.plan(plan_context(now));
        looked_at += routes.planner().looked_at();
    }
    build_services(now);
    build_row(now);
    if (is_due) {
        plan_due_ = now + std::clamp(kPauseARoute * static_cast<std::int64_t>(looked_at), kPlanInterval, kLongestPause);
    }
    ++plans_;
    return measured;
}

// Rows of other nodes that are to be looked at for age, by the time since that was done last.
std::size_t Scheduler::rows_due(Instant now) {
    const Nanos since = std::min<Nanos>(now - std::exchange(aged_at_, now), kLongestPause);
    return std::max<std::size_t>(static_cast<std::size_t>(since / kPlanInterval), 1) * kRowsAnInterval;
}

void Scheduler::price_links(Instant now, std::size_t rows) {
    const bool policies_changed = std::exchange(price_all_, false);
    if (mesh_.everything_changed() || policies_changed) {
        for (PolicyRoutes& routes : routes_) {
            routes.price_all(plan_context(now));
        }
        (void)mesh_.changes(0);  // they are priced with all others
        (void)mesh_.loads_changed();
        return;
    }
    if (mesh_.loads_changed()) {
        for (PolicyRoutes& routes : routes_) {
            routes.take_loads(plan_context(now));
        }
    }
    const auto changes = mesh_.changes(rows);
    for (PolicyRoutes& routes : routes_) {
        routes.price(changes, plan_context(now));
    }
}

void Scheduler::build_services(Instant now) {
    EgressShares shares;
    for (const PolicyRoutes& routes : routes_) {
        shares.push_back(routes.egress_shares(plan_context(now)));
    }
    if (!services_changed_ && shares == egress_shares_) {
        return;
    }
    services_ = service_builder_.build(*wanted_services_, *fleet_, *policies_, shares);
    egress_shares_ = std::move(shares);
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

PlanContext Scheduler::plan_context(Instant now) const {
    return {.mesh = mesh_, .fleet = *fleet_, .overlay_mtu = overlay_mtu_, .now = now};
}

void Scheduler::write_table(RouteTable& table) const {
    table.policy_version = policy_version_;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        routes_[i].write_to(table, PolicyIndex{static_cast<std::uint8_t>(i)});
    }
}

bool Scheduler::answer_question(Instant now) {
    const auto question = view_.take_question();
    if (!question) {
        return false;
    }
    if (question->kind == SchedulerView::Question::Kind::status) {
        view_.answer(*question, status(now));
    } else {
        view_.answer(*question, explain(*this, *question, now));
    }
    return true;
}

}  // namespace izar
