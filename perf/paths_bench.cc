// paths_bench.cc -- What path search costs for a full fleet of 1,024 nodes, on one core.
//
// The arithmetic limit beside it: one pass over all links is 1 M additions and minima, which 16 lanes at
// one vector a cycle do in 65,536 cycles, 25 microseconds at 2.6 GHz; reading their 4 MiB once from the
// last-level cache takes about as long again.
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <memory>
#include <string>

#include "dataplane/base/check.h"
#include "perf/full_fleet.h"
#include "sched/route_planner.h"
#include "sched/testing/test_node.h"

namespace izar {
namespace {

constexpr std::size_t kNodes = kMaxNodes;
constexpr NodeSlot kSelf{0};

CostMatrix make_costs() {
    const auto rtts = full_mesh();
    CostMatrix costs{kNodes};
    for (std::size_t from = 0; from < kNodes; ++from) {
        for (std::size_t to = 0; to < kNodes; ++to) {
            if (from != to) {
                costs.set(slot_at(from), slot_at(to), static_cast<Cost>(rtts[from * kNodes + to].count()));
            }
        }
    }
    return costs;
}

const PathKernels& kernels_of(std::int64_t choice) {
    const PathKernels* widest = avx512_path_kernels();
    return choice == 0 ? scalar_path_kernels() : (choice == 1 || widest == nullptr ? avx2_path_kernels() : *widest);
}

void set_label(benchmark::State& state) {
    state.SetLabel(std::string{kernels_of(state.range(0)).name});
}

void one_source(benchmark::State& state) {
    const CostMatrix costs = make_costs();
    PathSearch search{costs, kSelf, kernels_of(state.range(0))};
    for (auto _ : state) {
        search.rebuild();
        for (std::size_t to = 1; to < kNodes; ++to) {
            benchmark::DoNotOptimize(search.best(slot_at(to)));
        }
    }
    set_label(state);
}

void one_source_with_backups(benchmark::State& state) {
    const CostMatrix costs = make_costs();
    PathSearch search{costs, kSelf, kernels_of(state.range(0))};
    for (auto _ : state) {
        search.rebuild();
        for (std::size_t to = 1; to < kNodes; ++to) {
            benchmark::DoNotOptimize(search.best_avoiding(slot_at(to), search.best(slot_at(to))));
        }
    }
    set_label(state);
}

struct Event {
    const char* name;
    bool own;   // a link of this node
    bool busy;  // to or from the first relay in use, not just any
};

// One link goes down and comes back; each of the two is one plan.
void one_link_event(benchmark::State& state, const Event& event) {
    const CostMatrix costs = make_costs();
    RoutePlanner planner;
    planner.reset(kNodes, kSelf);
    for (std::size_t from = 0; from < kNodes; ++from) {
        for (std::size_t to = 0; to < kNodes; ++to) {
            planner.set_cost(slot_at(from), slot_at(to), costs.at(slot_at(from), slot_at(to)));
        }
    }
    Instant now{std::chrono::hours{1}};
    planner.plan(now);
    NodeSlot relay = slot_at(500);
    NodeSlot beyond = slot_at(700);
    for (std::size_t to = 1; event.busy && to < kNodes; ++to) {
        if (const RelayPath& path = planner.route(slot_at(to)).primary; path.relays() == 1) {
            relay = path.relay[0];
            beyond = slot_at(to);
        }
    }
    const NodeSlot from = event.own ? kSelf : relay;
    const NodeSlot to = event.own ? relay : beyond;
    const Cost cost = costs.at(from, to);
    bool down = false;
    for (auto _ : state) {
        down = !down;
        now += std::chrono::hours{1};
        planner.set_cost(from, to, down ? kUnknownCost : cost);
        benchmark::DoNotOptimize(planner.plan(now));
    }
}

// CPU time of this thread: what else the machine does is not in it.
double thread_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Everybody's links known to a whole scheduler: its own measured, the others from the feed.
void make_known(TestNode& node, const CostMatrix& costs) {
    FeedUpdate feed;
    for (std::size_t from = 1; from < kNodes; ++from) {
        for (std::size_t to = 0; to < kNodes; ++to) {
            if (from != to) {
                const auto rtt = std::chrono::microseconds{costs.at(slot_at(from), slot_at(to))};
                feed.links.push_back({.from = id_at(from), .to = id_at(to), .rtt = rtt});
            }
        }
    }
    node.feed(std::move(feed));
    for (std::size_t to = 1; to < kNodes; ++to) {
        node.measure(to, std::chrono::microseconds{costs.at(kSelf, slot_at(to))});
    }
    node.round();
    node.run(std::chrono::milliseconds{30});
}

// From the report of a dead link in the scheduler's ring to the new table published, services included: one round. The
// link is the first one of a path in use. The time between two rounds, at most 200 us on a node, is not in it.
void link_down_to_table(benchmark::State& state) {
    const CostMatrix costs = make_costs();
    auto node = std::make_unique<TestNode>(kNodes);
    make_known(*node, costs);
    std::size_t at = 0;
    for (auto _ : state) {
        for (at = at % (kNodes - 1) + 1; node->to(at).path[0].first_link != slot_at(at);) {
            at = at % (kNodes - 1) + 1;
        }
        const std::uint64_t before = node->generation();
        node->lose(at);
        const double start = thread_seconds();
        node->round();
        state.SetIterationTime(thread_seconds() - start);
        CHECK(node->generation() == before + 1);
        node->hear(at);
        node->now += std::chrono::minutes{10};  // its hold-down is over, and it is measured again
        for (std::size_t to = 1; to < kNodes; ++to) {
            node->measure(to, std::chrono::microseconds{costs.at(kSelf, slot_at(to))});
        }
        node->run(std::chrono::milliseconds{30}, std::chrono::milliseconds{10});
    }
}

// The same table with a change of its static part.
void services_to_table(benchmark::State& state) {
    const CostMatrix costs = make_costs();
    auto node = std::make_unique<TestNode>(kNodes);
    make_known(*node, costs);
    std::uint32_t version = 0;
    for (auto _ : state) {
        const std::uint64_t before = node->generation();
        ++version;
        node->feed({.services = std::make_shared<const ServiceTable>(full_services(version), version)});
        const double start = thread_seconds();
        node->round();
        state.SetIterationTime(thread_seconds() - start);
        CHECK(node->generation() == before + 1);
        node->round();
    }
}

BENCHMARK(one_source)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);
BENCHMARK(one_source_with_backups)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, own_any, Event{"own_any", true, false})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, own_in_use, Event{"own_in_use", true, true})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, other_any, Event{"other_any", false, false})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, other_in_use, Event{"other_in_use", false, true})->Unit(benchmark::kMicrosecond);

BENCHMARK(link_down_to_table)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(100);
BENCHMARK(services_to_table)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);

}  // namespace
}  // namespace izar

BENCHMARK_MAIN();
