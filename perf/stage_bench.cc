// stage_bench: cycles per packet of every stage of the pipeline, by role, burst and state of the cache.
//
// One thread is generator and lcore in turn, so nothing else runs between two stages. The node and its packets are
// those of perf/forward. What reading the clock costs is taken off each stage; the time that Google Benchmark shows is
// the whole pipeline's of one burst.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <immintrin.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <string>

#include "dataplane/base/check.h"
#include "dataplane/stages/stage_order.h"
#include "perf/forward/generator.h"
#include "perf/forward/node.h"

namespace izar {
namespace {

constexpr unsigned kWarmUpRounds = 2'000;  // of 32 packets: opens all of the 1,000 flows

// Cycles between two readings of the clock with nothing in between.
std::uint64_t clock_cost() {
    std::array<std::uint64_t, 1'001> cost;
    for (std::uint64_t& each : cost) {
        const std::uint64_t start = __rdtsc();
        each = __rdtsc() - start;
    }
    std::ranges::nth_element(cost, cost.begin() + cost.size() / 2);
    return cost[cost.size() / 2];
}

class StageClock {
  public:
    explicit StageClock(std::uint64_t hertz) : longest_(hertz / 10'000) {}

    void start() noexcept {
        burst_.fill(0);
        last_ = __rdtsc();
    }
    void mark(Stage stage) noexcept {
        const std::uint64_t now = __rdtsc();
        const std::uint64_t spent = now - last_;
        burst_[static_cast<std::size_t>(stage)] = spent - std::min(spent, cost_);
        last_ = now;
    }
    // Adds the burst to the sums, unless somebody else had the core meanwhile; returns its cycles.
    std::uint64_t finish(unsigned packets) noexcept {
        const std::uint64_t all = std::accumulate(burst_.begin(), burst_.end(), std::uint64_t{0});
        if (all < longest_) {
            std::ranges::transform(burst_, sums_, sums_.begin(), std::plus{});
            packets_ += packets;
        }
        return all;
    }
    double cycles_per_packet(std::size_t stage) const noexcept {
        return static_cast<double>(sums_[stage]) / static_cast<double>(packets_);
    }

  private:
    std::uint64_t longest_;  // 100 us
    std::uint64_t cost_ = clock_cost();
    std::uint64_t last_ = 0;
    std::uint64_t packets_ = 0;
    std::array<std::uint64_t, kStageNames.size()> burst_{};
    std::array<std::uint64_t, kStageNames.size()> sums_{};
};

// As if a device had written the frame and its mbuf: the stages find neither in a cache of this core.
void chill(rte_mbuf* m) noexcept {
    auto* const bytes = reinterpret_cast<std::uint8_t*>(m);
    for (std::size_t at = 0; at < kFrameOffset + 2 * RTE_CACHE_LINE_SIZE; at += RTE_CACHE_LINE_SIZE) {
        _mm_clflush(bytes + at);
    }
}

std::unique_ptr<TestNode> make_node(const Scenario& scenario, const TscClock& clock) {
    auto node = TestNode::make(scenario, clock);
    if (!node) {
        fmt::print(stderr, "{}\n", node.error().text);
        std::exit(1);
    }
    return std::move(*node);
}

// The node, and its lcore's thread.
class Rig {
  public:
    Rig(const Scenario& scenario, bool cold)
        : clock_{rte_get_tsc_hz()},
          cold_(cold),
          node_(make_node(scenario, clock_)),
          in_(port_in(scenario.role)),
          generator_(scenario, node_->wire(in_), node_->wire(kWanPort), node_->wire(kLanPort), node_->pool(),
                     node_->ports()[raw(in_)].mac, clock_) {
        node_->publisher().online(on_lcore_);
        for (unsigned round = 0; round < kWarmUpRounds; ++round) {
            generator_.step(kMaxBurst);
            node_->loop().round(on_lcore_, {clock_.now(), &clock_});
            node_->drain_reports();
        }
    }
    ~Rig() {
        generator_.collect();
        node_->publisher().offline(on_lcore_);
    }
    Rig(const Rig&) = delete;

    void run(unsigned packets, StageClock& stages) noexcept {
        LcoreState& lcore = node_->state();
        generator_.step(packets);
        node_->drain_reports();
        node_->publisher().quiescent(on_lcore_);
        const Published& published = node_->publisher().read(on_lcore_);
        CHECK(rte_eth_rx_burst(node_->ports()[raw(in_)].dpdk_id, 0, burst_.mbuf.data(),
                               static_cast<std::uint16_t>(packets)) == packets);
        burst_.reset_to(packets);
        lcore.counters.rx += packets;
        for (unsigned lane = 0; lane < packets; ++lane) {
            burst_.note[lane].port = in_;
            if (cold_) {
                chill(burst_.mbuf[lane]);
            }
        }
        _mm_mfence();
        const Instant now = clock_.now();
        stages.start();
        run_frame_stages(burst_, lcore, published, now, [&](Stage stage) { stages.mark(stage); });
        lcore.tx.flush_all();
    }

    std::uint64_t hertz() const noexcept { return clock_.hertz(); }

  private:
    TscClock clock_;
    bool cold_;
    OnLcore on_lcore_ = OnLcore::claim(LcoreIndex{0});
    std::unique_ptr<TestNode> node_;
    PortIndex in_;
    Generator generator_;
    Burst burst_;
};

void pipeline(benchmark::State& state, Role role) {
    const auto packets = static_cast<unsigned>(state.range(0));
    Scenario scenario;
    scenario.role = role;
    scenario.sealed = state.range(2) != 0;
    Rig rig(scenario, state.range(1) != 0);
    StageClock stages(rig.hertz());
    for (auto unused : state) {
        (void)unused;
        rig.run(packets, stages);
        state.SetIterationTime(static_cast<double>(stages.finish(packets)) / static_cast<double>(rig.hertz()));
    }
    for (std::size_t i = 0; i < kStageNames.size(); ++i) {
        state.counters[std::string{kStageNames[i]}] = stages.cycles_per_packet(i);
    }
}

const std::vector<std::vector<std::int64_t>> kCases = {{1, 8, 32}, {0, 1}, {0, 1}};
BENCHMARK_CAPTURE(pipeline, ingress, Role::ingress)
    ->ArgNames({"burst", "cold", "sealed"})
    ->ArgsProduct(kCases)
    ->UseManualTime();
BENCHMARK_CAPTURE(pipeline, relay, Role::relay)
    ->ArgNames({"burst", "cold", "sealed"})
    ->ArgsProduct(kCases)
    ->UseManualTime();
BENCHMARK_CAPTURE(pipeline, egress, Role::egress)
    ->ArgNames({"burst", "cold", "sealed"})
    ->ArgsProduct(kCases)
    ->UseManualTime();

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const std::array eal = {"stage_bench", "--no-shconf", "--no-huge",      "-m",
                            "256",         "--no-pci",    "--no-telemetry", "--log-level=*:warning"};
    std::array<char*, eal.size()> arguments;
    std::ranges::transform(eal, arguments.begin(), [](const char* each) { return const_cast<char*>(each); });
    CHECK(rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
