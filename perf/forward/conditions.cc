#include "perf/forward/conditions.h"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "dataplane/base/check.h"
#include "perf/forward/forwarder.h"

namespace izar {
namespace {

constexpr std::uint64_t kTripsOfABatch = 20;
constexpr std::size_t kBatches = 41;
constexpr unsigned kAddRounds = 20'000;
constexpr unsigned kAddsOfARound = 6;

struct OtherEnd {
    alignas(2 * RTE_CACHE_LINE_SIZE) std::atomic<std::uint64_t> there{0};  // two lines: the prefetcher takes pairs
    alignas(2 * RTE_CACHE_LINE_SIZE) std::atomic<std::uint64_t> back{0};
    double adds_per_cycle = 0;
};

// More additions at a time than any core has units for.
double adds_per_cycle() noexcept {
    std::uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
    const std::uint64_t start = __rdtsc();
    for (unsigned round = 0; round < kAddRounds; ++round) {
        asm volatile("add $1,%0\nadd $1,%1\nadd $1,%2\nadd $1,%3\nadd $1,%4\nadd $1,%5"
                     : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
    }
    return static_cast<double>(kAddRounds) * kAddsOfARound / static_cast<double>(__rdtsc() - start);
}

int run_other_end(void* argument) {
    auto& end = *static_cast<OtherEnd*>(argument);
    for (std::uint64_t trip = 1; trip <= kTripsOfABatch * kBatches; ++trip) {
        while (end.there.load(std::memory_order_acquire) != trip) {
        }
        end.back.store(trip, std::memory_order_release);
    }
    end.adds_per_cycle = adds_per_cycle();
    return 0;
}

std::uint64_t round_trip_cycles(OtherEnd& end) noexcept {
    std::array<std::uint64_t, kBatches> batches;
    std::uint64_t trip = 0;
    for (std::uint64_t& cycles : batches) {
        const std::uint64_t start = __rdtsc();
        for (std::uint64_t n = 0; n < kTripsOfABatch; ++n) {
            end.there.store(++trip, std::memory_order_release);
            while (end.back.load(std::memory_order_acquire) != trip) {
            }
        }
        cycles = (__rdtsc() - start) / kTripsOfABatch;
    }
    std::ranges::nth_element(batches, batches.begin() + kBatches / 2);
    return batches[kBatches / 2];
}

}  // namespace

Conditions measure_conditions() {
    OtherEnd end;
    CHECK(rte_eal_remote_launch(run_other_end, &end, Forwarder::kLcore) == 0);
    const std::uint64_t cycles = round_trip_cycles(end);
    rte_eal_wait_lcore(Forwarder::kLcore);
    return {cycles, end.adds_per_cycle};
}

}  // namespace izar
