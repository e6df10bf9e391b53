#include "perf/summaries/path_rows.h"

#include <random>
#include <tuple>

#include "dataplane/base/check.h"
#include "perf/summaries/timing.h"
#include "sched/min_plus.h"
#include "sched/path_search.h"

namespace izar {

// All pairs of 1,024 nodes over at most one relay. The limit is two vector operations per lane, two a cycle.
void add_path_rows(nlohmann::json& rows, int runs) {
    constexpr std::size_t kNodes = kMaxNodes;
    std::mt19937 random(3);
    std::uniform_int_distribution<std::uint32_t> rtt_us(1000, 300'000);
    RttMatrix direct(kNodes);
    CostMatrix costs(kNodes);
    for (std::uint16_t from = 0; from < kNodes; ++from)
        for (std::uint16_t to = 0; to < kNodes; ++to)
            if (from != to) {
                const auto us = rtt_us(random);
                direct.set(from, to, static_cast<float>(us) / 1000);
                costs.set(NodeSlot{from}, NodeSlot{to}, us);
            }
    const std::vector<std::tuple<std::string_view, MinPlusKernel, double>> kernels{
        {"scalar", MinPlusKernel::scalar, 1}, {"avx2", MinPlusKernel::avx2, 8}, {"avx512", MinPlusKernel::avx512, 16}};
    for (const auto& [name, kernel, lanes] : kernels) {
        if (kernel > best_min_plus_kernel())
            continue;
        RttMatrix best;
        const double ms = median_ms(kernel == MinPlusKernel::scalar ? 1 : runs, [&, kernel = kernel] {
            best = direct;
            relax_through(best, direct, direct, kernel);
        });
        rows.push_back({{"suite", "paths"},
                        {"what", "all pairs, at most one relay"},
                        {"nodes", kNodes},
                        {"kernel", name},
                        {"time_ms", ms},
                        {"limit_cycles", static_cast<double>(kNodes) * kNodes * kNodes / lanes}});
    }
    std::uint64_t sum = 0;  // so that the search is not left out
    PathSearch search(costs, NodeSlot{0});
    const double ms = median_ms(runs, [&] {
        search.rebuild();
        for (std::uint16_t to = 1; to < kNodes; ++to)
            sum += search.best(NodeSlot{to}).cost;
    });
    CHECK(sum > 0);
    rows.push_back({{"suite", "paths"},
                    {"what", "one source, at most two relays"},
                    {"nodes", kNodes},
                    {"kernel", best_path_kernels().name},
                    {"time_ms", ms},
                    {"limit_cycles", 2.0 * kNodes * kNodes / kCostLanes}});
}

}  // namespace izar
