// lyapunov_hours_test.cc -- The loop of the rule lyapunov over virtual hours: paths load relays, relays' CPU fills
// virtual queues, and queues move paths.
//
// Six ingresses reach one egress over relay A, relay B or directly. A flow costs its relay CPU. As a controller does, a
// round every 5 s takes each node's mean and variance of the last ten samples, and tells all nodes' loads.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <numeric>
#include <random>

#include "sched/policy_routes.h"
#include "sched/testing/test_node.h"
#include "sched/virtual_queue.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kIngresses = 6;
constexpr std::size_t kRelays = 2;  // slots 0 and 1, then ingresses, then the egress
constexpr std::size_t kEgress = kRelays + kIngresses;
constexpr std::size_t kNodes = kEgress + 1;
constexpr std::size_t kSamples = 10;
constexpr Nanos kRound = 5s;
constexpr double kIdleCpu = 10;

// What one ingress knows and plans.
struct Ingress {
    Ingress(std::size_t slot, CostRule rule) : fleet(make_fleet(kNodes, slot)) {
        mesh.set_fleet(*fleet);
        RoutingPolicy policy;
        policy.rule = rule;
        routes.set_policy(policy);
        routes.set_fleet(*fleet, nullptr);
    }
    void measure(std::size_t to, Nanos rtt, Instant now) {
        LinkReport report;
        report.link = slot_at(to);
        report.at = now;
        report.rtt = {.least = rtt, .mean = rtt, .count = 1};
        mesh.take(report);
    }
    void plan(Instant now) {
        const PlanContext context{.mesh = mesh, .fleet = *fleet, .overlay_mtu = 1500, .now = now};
        routes.price_all(context);
        routes.plan(context);
    }
    const PlannedRoute& route() const { return routes.planner().route(slot_at(kEgress)); }

    std::shared_ptr<Fleet> fleet;
    Mesh mesh;
    PolicyRoutes routes;
};

class World {
  public:
    explicit World(CostRule rule) {
        for (std::size_t i = 0; i < kIngresses; ++i) {
            ingresses_.emplace_back(kRelays + i, rule);
        }
        for (std::size_t node = 0; node < kNodes; ++node) {
            ids_[node] = id_at(node);
        }
    }

    double demand = 6;  // percent of a relay's CPU, each ingress
    std::array<Nanos, kIngresses> over_b = {24ms, 24ms, 24ms, 24ms, 24ms, 24ms};  // over relay A all have 20 ms

    void run(Nanos span) {
        longest_ = 0;
        cpu_sum_ = {};
        rounds_ = 0;
        const auto switches_before = switches();
        for (const Instant end = now_ + span; now_ < end; now_ += kRound) {
            round();
        }
        switched_ = static_cast<double>(switches() - switches_before) / (kIngresses * rounds_);
    }
    double longest_queue() const { return longest_; }      // of a relay, in the last run
    double switched_a_round() const { return switched_; }  // share of ingresses
    double mean_cpu(std::size_t relay) const { return cpu_sum_[relay] / rounds_; }
    std::size_t over(std::size_t relay) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            ingresses_, [&](const Ingress& each) { return each.route().primary.relay[0] == slot_at(relay); }));
    }

  private:
    void round() {
        FeedUpdate told{.life = FeedLife::live};
        for (std::size_t relay = 0; relay < kRelays; ++relay) {
            told.links.push_back({.from = id_at(relay), .to = id_at(kEgress), .rtt = 10ms, .count = 1});
        }
        for (std::size_t node = 0; node < kNodes; ++node) {
            told.nodes.push_back({.node = ids_[node], .load = loads_[node], .age = 0s});
        }
        for (Nanos passed{}; passed < kRound; passed += 1s) {
            for (std::size_t i = 0; i < kIngresses; ++i) {
                ingresses_[i].measure(0, 10ms, now_ + passed);
                ingresses_[i].measure(1, over_b[i] - 10ms, now_ + passed);
                ingresses_[i].measure(kEgress, 90ms, now_ + passed);
                ingresses_[i].mesh.take(told, now_ + passed);
                ingresses_[i].plan(now_ + passed);
            }
        }
        take_samples();
    }
    void take_samples() {
        for (std::size_t node = 0; node < kNodes; ++node) {
            const double used = node < kRelays ? static_cast<double>(over(node)) * demand : demand;
            auto& window = samples_[node];
            window.push_back(std::clamp(kIdleCpu + used + noise_(random_), 0.0, 100.0));
            if (window.size() > kSamples) {
                window.pop_front();
            }
            const auto count = static_cast<double>(window.size());
            NodeLoad& load = loads_[node];
            load.cpu_percent = std::accumulate(window.begin(), window.end(), 0.0) / count;
            load.cpu_variance = 0;
            for (const double sample : window) {
                load.cpu_variance += (sample - load.cpu_percent) * (sample - load.cpu_percent) / count;
            }
        }
        queues_.advance(ids_, loads_);
        for (std::size_t relay = 0; relay < kRelays; ++relay) {
            longest_ = std::max({longest_, loads_[relay].mean_queue, loads_[relay].variance_queue});
            cpu_sum_[relay] += samples_[relay].back();
        }
        ++rounds_;
    }
    std::uint64_t switches() const {
        return std::accumulate(ingresses_.begin(), ingresses_.end(), std::uint64_t{0},
                               [](auto sum, const Ingress& each) { return sum + each.route().switches; });
    }

    std::deque<Ingress> ingresses_;
    std::array<NodeId, kNodes> ids_{};
    std::array<NodeLoad, kNodes> loads_{};
    std::array<std::deque<double>, kNodes> samples_;
    VirtualQueues queues_;
    Instant now_{1h};
    std::mt19937 random_{17};
    std::normal_distribution<double> noise_{0, 1};
    double longest_ = 0;
    double switched_ = 0;
    std::array<double, kRelays> cpu_sum_{};
    double rounds_ = 0;
};

// Either relay could carry it alone, and one does. The rule rtt would do the same.
TEST(LyapunovHours, ALoadThatFitsStaysOnTheShortestPathAndFillsNoQueue) {
    World world(CostRule::lyapunov);
    world.run(3h);
    EXPECT_EQ(world.longest_queue(), 0);
    EXPECT_EQ(world.over(0), kIngresses);
}

// One relay is not enough, both are. Ingresses that are all alike take turns together.
TEST(LyapunovHours, ALoadThatNeedsBothRelaysKeepsQueuesBounded) {
    World world(CostRule::lyapunov);
    world.demand = 10;
    for (int hour = 1; hour <= 6; ++hour) {
        world.run(1h);
        EXPECT_LT(world.longest_queue(), 120) << "hour " << hour << ": the direct path is 70 ms longer, beyond that "
                                              << "nobody is sent to a relay";
    }
    EXPECT_LT(world.switched_a_round(), 0.1) << "it waits out its hold-downs";
    for (std::size_t relay = 0; relay < kRelays; ++relay) {
        EXPECT_LT(world.mean_cpu(relay), 50) << relay;
    }
}

// What the test would say of a rule that does not look at load.
TEST(LyapunovHours, UnderTheRuleRttTheSameLoadFillsAQueueWithoutEnd) {
    World world(CostRule::rtt);
    world.demand = 10;
    world.run(1h);
    EXPECT_GT(world.longest_queue(), 600);
}

// Ingresses to which the other relay costs different detours find a split and stay with it.
TEST(LyapunovHours, IngressesThatDifferComeToRest) {
    World world(CostRule::lyapunov);
    world.demand = 8;
    world.over_b = {22ms, 27ms, 32ms, 37ms, 42ms, 47ms};
    world.run(1h);
    world.run(5h);
    EXPECT_LT(world.longest_queue(), 20);
    EXPECT_LT(world.switched_a_round(), 0.01);
    EXPECT_LT(world.mean_cpu(0), 52);
}

TEST(LyapunovHours, AfterASurgeQueuesDrainAndTheShortestPathIsUsedAgain) {
    World world(CostRule::lyapunov);
    world.run(1h);
    world.demand = 12;
    world.run(10min);
    EXPECT_GT(world.longest_queue(), 10) << "the surge is one";
    world.demand = 6;
    world.run(1h);
    world.run(3h);
    EXPECT_EQ(world.longest_queue(), 0);
    EXPECT_EQ(world.over(0), kIngresses);
    EXPECT_EQ(world.switched_a_round(), 0);
}

}  // namespace
}  // namespace izar
