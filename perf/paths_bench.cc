// paths_bench.cc -- What path search costs for a full fleet of 1,024 nodes, on one core.
//
// The arithmetic limit beside it: one pass over all links is 1 M additions and minima, which 16 lanes at
// one vector a cycle do in 65,536 cycles, 25 microseconds at 2.6 GHz; reading their 4 MiB once from the
// last-level cache takes about as long again.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>

#include "sched/route_planner.h"

namespace izar {
namespace {

constexpr std::size_t kNodes = kMaxNodes;
constexpr NodeSlot kSelf{0};

NodeSlot slot_at(std::size_t index) {
    return NodeSlot{static_cast<std::uint16_t>(index)};
}

// Nodes on a plane of 200 ms, links 1 to 2.5 times as slow as the distance says, so that relays pay.
CostMatrix make_costs() {
    std::mt19937 random{7};
    std::uniform_real_distribution<double> place{0, 200'000};
    std::uniform_real_distribution<double> detour{1, 2.5};
    std::vector<std::pair<double, double>> at(kNodes);
    for (auto& [x, y] : at) {
        x = place(random);
        y = place(random);
    }
    CostMatrix costs{kNodes};
    for (std::size_t from = 0; from < kNodes; ++from) {
        for (std::size_t to = 0; to < kNodes; ++to) {
            if (from != to) {
                const double distance = std::hypot(at[from].first - at[to].first, at[from].second - at[to].second);
                costs.set(slot_at(from), slot_at(to), static_cast<Cost>(500 + distance * detour(random)));
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

BENCHMARK(one_source)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);
BENCHMARK(one_source_with_backups)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, own_any, Event{"own_any", true, false})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, own_in_use, Event{"own_in_use", true, true})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, other_any, Event{"other_any", false, false})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_link_event, other_in_use, Event{"other_in_use", false, true})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace izar

BENCHMARK_MAIN();
