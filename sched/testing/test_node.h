// test_node.h -- TestNode: a scheduler with its rings, fleet and publisher, driven by hand on virtual time.
//
// Thread: that of the test, which stands for the scheduler thread and for the one lcore.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "sched/scheduler.h"

namespace izar {

inline NodeSlot slot_at(std::size_t index) {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}
inline NodeId id_at(std::size_t index) {
    return NodeId{static_cast<std::uint16_t>(index + 1)};
}

// Nodes n0, n1, ... with ids 1, 2, ...; `self` is a slot.
inline std::shared_ptr<Fleet> make_fleet(std::size_t nodes, std::size_t self, std::uint64_t version = 1) {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = version;
    fleet->self = slot_at(self);
    for (std::size_t i = 0; i < nodes; ++i) {
        FleetNode node{.id = id_at(i),
                       .overlay_address = *IpAddress::parse(fmt::format("10.0.{}.{}", i / 250, i % 250 + 1))};
        fmt::format_to_n(node.name, kNameLength - 1, "n{}", i);
        fleet->nodes.push_back(node);
        fleet->slot_of_id[raw(node.id)] = slot_at(i);
    }
    return fleet;
}

// One policy for all services.
inline std::shared_ptr<const RoutingPolicies> only(const RoutingPolicy& policy) {
    return std::make_shared<const RoutingPolicies>(RoutingPolicies{.list = {policy}, .of_service = {}});
}

class TestNode {
  public:
    explicit TestNode(std::size_t nodes, std::size_t self = 0) : nodes_(nodes), self_(self) {
        feed({.fleet = make_fleet(nodes, self)});
        publisher_.online(lcore_);
    }

    void feed(FeedUpdate update) { feed_.push(std::make_shared<const FeedUpdate>(std::move(update))); }

    void hear(std::size_t link) {
        push(LinkReportKind::up, link, [](LinkReport&) {});
    }
    void lose(std::size_t link) {
        push(LinkReportKind::down, link, [](LinkReport&) {});
    }
    void measure(std::size_t link, Nanos rtt) {
        push(LinkReportKind::rtt, link, [&](LinkReport& r) { r.rtt = {.least = rtt, .mean = rtt, .count = 1}; });
    }
    void count(std::size_t link, std::uint64_t expected, std::uint64_t received) {
        push(LinkReportKind::loss, link, [&](LinkReport& r) { r.loss = {expected, received, 0}; });
    }
    // What `from` tells in its keep-alives about its link to `to`; an RTT of zero: down.
    void tell(std::size_t from, std::size_t to, Nanos rtt) {
        push(LinkReportKind::peer_row, from, [&](LinkReport& r) {
            const auto us = std::chrono::duration_cast<std::chrono::microseconds>(rtt).count();
            r.row = {id_at(to), 0, rtt == Nanos{} ? kUnreachableRtt : static_cast<std::uint32_t>(us)};
        });
    }

    // The path over `relay` to `to` carries nothing.
    void fail_path(std::size_t relay, std::size_t to) {
        push(LinkReportKind::path, to, [&](LinkReport& r) {
            r.path = {{id_at(relay), id_at(to), kNoNode}, std::chrono::milliseconds{50}, false, true};
        });
    }

    // Rounds for a while, one every `step`; the lcore passes a quiescent state after each.
    void run(Nanos span, Nanos step = std::chrono::milliseconds{1}) {
        for (const Instant end = now + span; now < end; now += step) {
            round();
        }
    }
    bool round() {
        const bool worked = scheduler.do_work(thread_, now);
        if (lcore_polls) {
            publisher_.quiescent(lcore_);
        }
        return worked;
    }

    const Published& published() const { return publisher_.read(lcore_); }
    const Destination& to(std::size_t node, std::size_t policy = 0) const {
        return published().routes->to(PolicyIndex{static_cast<std::uint8_t>(policy)}, slot_at(node));
    }
    // "0-2-3" for a path of this node 0 to 3 over 2; "none".
    std::string path_to(std::size_t node, std::size_t policy = 0) const { return text(to(node, policy), 0); }
    std::string backup_to(std::size_t node) const {
        const Destination& destination = to(node);
        return destination.backup[0] == 0 ? "none" : text(destination, destination.backup[0]);
    }
    std::uint64_t generation() const { return publisher_.generation(); }
    std::size_t nodes() const { return nodes_; }

    Instant now{std::chrono::hours{1}};
    bool lcore_polls = true;

  private:
    template <typename Fill>
    void push(LinkReportKind kind, std::size_t link, Fill fill) {
        LinkReport report;
        report.kind = kind;
        report.link = slot_at(link);
        report.at = now;
        fill(report);
        ring_.push(report);
    }
    std::string text(const Destination& destination, std::size_t index) const {
        if (index >= destination.path_count) {
            return "none";
        }
        std::string told = fmt::format("{}", self_);
        const Path& path = destination.path[index];
        for (std::size_t i = 0; i < path.length; ++i) {
            told += fmt::format("-{}", raw(path.segments[i]) - 1);
        }
        return told;
    }

    std::size_t nodes_;
    std::size_t self_;
    OnSched thread_ = OnSched::claim();
    OnLcore lcore_ = OnLcore::claim(LcoreIndex{0});
    Publisher publisher_{1};
    LinkReportRing ring_;
    LinkReportRing* rings_[1] = {&ring_};
    FeedRing feed_;

  public:
    SchedulerView view;
    Scheduler scheduler{publisher_, rings_, feed_, view, 1500};
};

}  // namespace izar
