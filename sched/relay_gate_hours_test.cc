// relay_gate_hours_test.cc -- The loop of a cap on a relay's bandwidth over virtual hours: paths fill the relay's
// uplink, a late mean of its use closes gates, and closed gates move paths.
//
// Ingresses reach one egress over a relay (20 ms) or directly (90 ms). As a controller does, a round every 5 s tells
// all of them the mean of the relay's last ten samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

#include "sched/policy_routes.h"
#include "sched/testing/test_node.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRelay = 0;  // slot; then ingresses, then the egress
constexpr std::size_t kSamples = 10;
constexpr Nanos kRound = 5s;
constexpr double kCapacity = 1'000;  // Mbit/s
constexpr double kCap = 800;

RoutingPolicy capped_policy() {
    RoutingPolicy policy;
    policy.rule = CostRule::rtt;
    policy.caps.bandwidth_percent = 100 * kCap / kCapacity;
    return policy;
}

// What one ingress knows and plans.
class Ingress {
  public:
    Ingress(std::size_t slot, std::size_t nodes) : fleet_(make_fleet(nodes, slot)), egress_(nodes - 1) {
        mesh_.set_fleet(*fleet_);
        routes_.set_policy(capped_policy());
        routes_.set_fleet(*fleet_, nullptr);
    }
    void round(const FeedUpdate& told, Instant now) {
        measure(kRelay, 10ms, now);
        measure(egress_, 90ms, now);
        mesh_.take(told, now);
        const PlanContext context{.mesh = mesh_, .fleet = *fleet_, .overlay_mtu = 1500, .now = now};
        routes_.price_all(context);
        routes_.plan(context);
    }
    bool relays() const { return route().primary.relay[0] == slot_at(kRelay); }
    std::uint64_t switches() const { return route().switches; }

  private:
    const PlannedRoute& route() const { return routes_.planner().route(slot_at(egress_)); }
    void measure(std::size_t to, Nanos rtt, Instant now) {
        LinkReport report;
        report.link = slot_at(to);
        report.at = now;
        report.rtt = {.least = rtt, .mean = rtt, .count = 1};
        mesh_.take(report);
    }

    std::shared_ptr<Fleet> fleet_;
    std::size_t egress_;
    Mesh mesh_;
    PolicyRoutes routes_;
};

class World {
  public:
    World(std::size_t ingresses, double mbit_each) : demand(mbit_each), nodes_(ingresses + 2) {
        for (std::size_t i = 1; i <= ingresses; ++i) {
            ingresses_.emplace_back(i, nodes_);
        }
    }

    double demand;  // Mbit/s of each ingress

    struct Seen {
        double above = 0;     // share of rounds in which more than the cap went over the relay
        double mean = 0;      // of what went over it, in Mbit/s
        double switches = 0;  // of all ingresses together
    };
    Seen run(Nanos span) {
        Seen seen;
        const auto before = switches();
        const auto rounds = static_cast<double>(span / kRound);
        for (const Instant end = now_ + span; now_ < end; now_ += kRound) {
            const double used = round();
            seen.above += used > kCap ? 1 / rounds : 0;
            seen.mean += used / rounds;
        }
        seen.switches = static_cast<double>(switches() - before);
        return seen;
    }
    std::size_t relayed() const {
        return static_cast<std::size_t>(std::ranges::count_if(ingresses_, &Ingress::relays));
    }

  private:
    double round() {
        FeedUpdate told{.life = FeedLife::live};
        told.links.push_back({.from = id_at(kRelay), .to = id_at(nodes_ - 1), .rtt = 10ms, .count = 1});
        NodeLoad load{.cpu_percent = 10, .capacity = BitRate{static_cast<std::uint64_t>(kCapacity * 1e6)}};
        if (!samples_.empty()) {
            const double sum = std::accumulate(samples_.begin(), samples_.end(), 0.0);
            load.used = BitRate{static_cast<std::uint64_t>(1e6 * sum / static_cast<double>(samples_.size()))};
        }
        told.nodes.push_back({.node = id_at(kRelay), .load = load, .age = 0s});
        for (Ingress& ingress : ingresses_) {
            ingress.round(told, now_);
        }
        const double used = static_cast<double>(relayed()) * demand;
        samples_.push_back(used * noise_(random_));
        if (samples_.size() > kSamples) {
            samples_.pop_front();
        }
        return used;
    }
    std::uint64_t switches() const {
        return std::accumulate(ingresses_.begin(), ingresses_.end(), std::uint64_t{0},
                               [](auto sum, const Ingress& each) { return sum + each.switches(); });
    }

    std::size_t nodes_;
    std::deque<Ingress> ingresses_;
    std::deque<double> samples_;
    Instant now_{1h};
    std::mt19937 random_{29};
    std::normal_distribution<double> noise_{1, 0.01};
};

TEST(RelayGateHours, ALoadThatFitsStaysWhereItIs) {
    World world(6, 120);
    const auto seen = world.run(6h);
    EXPECT_EQ(world.relayed(), 6U);
    EXPECT_EQ(seen.switches, 0);
}

// Following the cap alone, all six moved off and on again 130 times an hour, above the cap for 82 % of it.
TEST(RelayGateHours, WhatIsTooMuchIsTakenOffAndTheRestComesToRest) {
    World world(6, 150);
    const auto first = world.run(1h);
    EXPECT_LT(first.above, 0.1);
    EXPECT_LE(first.switches, 24) << "off and on again twice each";
    const auto then = world.run(5h);
    EXPECT_EQ(then.above, 0);
    EXPECT_LE(then.switches, 1);
    EXPECT_GT(then.mean, 0.7 * kCap) << "and the relay is used";
}

TEST(RelayGateHours, SoDoManySmallIngresses) {
    World world(60, 20);
    world.run(2h);
    const auto then = world.run(4h);
    EXPECT_LT(then.above, 0.01);
    EXPECT_LE(then.switches, 20) << "a third of the ingresses in four hours";
    EXPECT_GT(then.mean, 0.65 * kCap);
    EXPECT_LT(then.mean, kCap);
}

// Either fits, both do not: no share of them is right, so the second tries ever more seldom, and the first stays.
TEST(RelayGateHours, TwoThatDoNotFitTogetherTryEverMoreSeldom) {
    World world(2, 500);
    world.run(1h);
    double switches = 0;
    for (int hour = 2; hour <= 24; ++hour) {
        const auto seen = world.run(1h);
        switches += seen.switches;
        EXPECT_GT(seen.mean, 490) << hour;
        EXPECT_LT(seen.above, 0.05) << hour;
    }
    EXPECT_LE(switches, 2 * 23) << "once an hour at most, and back";
}

TEST(RelayGateHours, ASurgeIsOverInMinutesAndForgottenInHours) {
    World world(6, 120);
    world.run(1h);
    world.demand = 300;
    world.run(2min);
    EXPECT_EQ(world.relayed(), 0U) << "more than twice the cap";
    world.run(4h);
    EXPECT_EQ(world.relayed(), 2U) << "as many as fit";
    world.demand = 60;
    world.run(3h);
    EXPECT_EQ(world.relayed(), 6U);
    EXPECT_EQ(world.run(1h).switches, 0);
}

}  // namespace
}  // namespace izar
