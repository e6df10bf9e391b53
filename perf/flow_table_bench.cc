// flow_table_bench.cc -- What a look-up and a new flow cost: cycles by burst size and number of flows.
//
// Counters: `cycles_per_lookup`, `_new_flow`, `_expired_flow` and `_visit` are ticks of the time-stamp counter. Keys
// come in random order, so that with many flows every look-up misses the caches as it would behind a real link.
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/flow/flow_table.h"

namespace izar {
namespace {

const Instant kNow{std::chrono::seconds{1000}};

template <typename Address>
FlowKey<Address> client(std::uint32_t n) {
    FlowKey<Address> key{};
    const Be32 number{0x0A000000 + (n >> 8)};
    std::memcpy(&key.source, &number, sizeof number);
    std::memset(&key.destination, 0xC0, sizeof key.destination);
    key.source_port = Be16{static_cast<std::uint16_t>(1024 + (n & 0xFF))};
    key.destination_port = Be16{443};
    key.protocol = IpProtocol::tcp;
    return key;
}

template <typename Address>
FlowKey<Address> reply(std::uint32_t n) {
    FlowKey<Address> key{};
    std::memset(&key.source, 0x77, sizeof key.source);
    const Be32 number{0x0B000000 + (n >> 15)};
    std::memcpy(&key.destination, &number, sizeof number);
    key.source_port = Be16{8080};
    key.destination_port = Be16{static_cast<std::uint16_t>(1024 + (n & 0x7FFF))};
    key.protocol = IpProtocol::tcp;
    return key;
}

// A table that is as full as it may be, every flow with its session, and the client keys in random order.
template <typename Address>
struct Rig {
    explicit Rig(std::uint32_t flows) : table(std::move(FlowTable<Address>::make(flows, HashSeed::from(1)).value())) {
        for (std::uint32_t n = 0; n < flows; ++n) {
            keys.push_back(client<Address>(n));
            const FlowRef ref = table.create(keys.back(), table.hash(keys.back()), kNow);
            CHECK(ref && table.add_session(ref, table.hashed(reply<Address>(n))));
        }
        Random random{7};
        for (std::uint32_t i = flows - 1; i > 0; --i) {
            std::swap(keys[i], keys[random.below(i + 1)]);
        }
    }
    FlowTable<Address> table;
    std::vector<FlowKey<Address>> keys;
};

// Ticks per item, as the median over batches: what other programs take of the core falls on a few batches and drops
// out.
class CycleMeter {
  public:
    static constexpr int kBatch = 64;  // iterations
    CycleMeter() { ticks_.reserve(1 << 20); }

    void begin() { start_ = __rdtsc(); }
    void end() {
        if (ticks_.size() < ticks_.capacity()) {
            ticks_.push_back(__rdtsc() - start_);
        }
    }
    double per_item(std::size_t items_per_iteration) {
        const auto middle = ticks_.begin() + static_cast<std::ptrdiff_t>(ticks_.size() / 2);
        std::nth_element(ticks_.begin(), middle, ticks_.end());
        return static_cast<double>(*middle) / static_cast<double>(kBatch * items_per_iteration);
    }

  private:
    std::vector<std::uint64_t> ticks_;
    std::uint64_t start_ = 0;
};

// Runs `work` in batches until the framework has enough of it.
template <typename Work>
double measure(benchmark::State& state, std::size_t items_per_iteration, Work&& work) {
    CycleMeter meter;
    while (state.KeepRunningBatch(CycleMeter::kBatch)) {
        meter.begin();
        for (int i = 0; i < CycleMeter::kBatch; ++i) {
            work();
        }
        meter.end();
    }
    return meter.per_item(items_per_iteration);
}

// As a stage does it: hash a burst, look it up, touch every entry found.
template <typename Address>
void look_up(benchmark::State& state) {
    const auto burst = static_cast<std::size_t>(state.range(0));
    Rig<Address> rig(static_cast<std::uint32_t>(state.range(1)));
    std::array<std::uint64_t, kMaxBurst> hashes;
    std::array<FlowRef, kMaxBurst> out;
    std::size_t at = 0;
    state.counters["cycles_per_lookup"] = measure(state, burst, [&] {
        const auto keys = std::span<const FlowKey<Address>>{rig.keys}.subspan(at, burst);
        for (std::size_t i = 0; i < burst; ++i) {
            hashes[i] = rig.table.hash(keys[i]);
        }
        rig.table.find_bulk(keys, std::span{hashes}.first(burst), std::span{out}.first(burst));
        for (std::size_t i = 0; i < burst; ++i) {
            CHECK(out[i]);
            ++rig.table[out[i]].last_packet.ticks;
        }
        at = at + 2 * burst <= rig.keys.size() ? at + burst : 0;
    });
    state.counters["bytes_per_flow"] = static_cast<double>(rig.table.bytes()) / rig.table.capacity();
}

// Misses: a flood of unknown keys.
template <typename Address>
void look_up_unknown(benchmark::State& state) {
    Rig<Address> rig(static_cast<std::uint32_t>(state.range(1)));
    const auto burst = static_cast<std::size_t>(state.range(0));
    std::array<FlowKey<Address>, kMaxBurst> keys;
    std::array<std::uint64_t, kMaxBurst> hashes;
    std::array<FlowRef, kMaxBurst> out;
    std::uint32_t next = 0x10000000;
    state.counters["cycles_per_lookup"] = measure(state, burst, [&] {
        for (std::size_t i = 0; i < burst; ++i) {
            keys[i] = client<Address>(next++);
            hashes[i] = rig.table.hash(keys[i]);
        }
        rig.table.find_bulk(std::span{keys}.first(burst), std::span{hashes}.first(burst), std::span{out}.first(burst));
        benchmark::DoNotOptimize(out);
    });
}

// New flows with their sessions, in bursts of unknown keys as an ingress = egress meets them, until the table is full;
// then a sweep ends them all.
template <typename Address>
void open_and_expire(benchmark::State& state) {
    constexpr std::size_t kStep = 2048;  // flows of one measured batch
    const auto capacity = static_cast<std::uint32_t>(state.range(0)) / kStep * kStep;
    auto table = std::move(FlowTable<Address>::make(capacity, HashSeed::from(1)).value());
    CycleMeter opening;
    CycleMeter expiring;
    std::array<FlowKey<Address>, kMaxBurst> keys;
    std::array<std::uint64_t, kMaxBurst> hashes;
    std::array<FlowRef, kMaxBurst> out;
    std::uint32_t next = 0;
    const auto open_burst = [&] {
        for (std::size_t i = 0; i < kMaxBurst; ++i) {
            keys[i] = client<Address>(next + static_cast<std::uint32_t>(i));
            hashes[i] = table.hash(keys[i]);
        }
        table.find_bulk(keys, hashes, out);
        for (std::size_t i = 0; i < kMaxBurst; ++i) {
            CHECK(!out[i]);
            const FlowRef ref = table.create(keys[i], hashes[i], kNow);
            CHECK(ref && table.add_session(ref, table.hashed(reply<Address>(next++))));
        }
    };
    for (auto _ : state) {
        while (table.size() < capacity) {
            opening.begin();
            for (std::size_t i = 0; i < kStep / kMaxBurst; ++i) {
                open_burst();
            }
            opening.end();
        }
        while (table.size() > 0) {
            expiring.begin();
            table.sweep(
                kNow, kStep, [](const auto&) { return Nanos{0}; }, [](const auto&) {});
            expiring.end();
        }
    }
    static_assert(kStep % CycleMeter::kBatch == 0);
    state.counters["cycles_per_new_flow"] = opening.per_item(kStep / CycleMeter::kBatch);
    state.counters["cycles_per_expired_flow"] = expiring.per_item(kStep / CycleMeter::kBatch);
}

// The sweep beside forwarding: 32 entries a call, none of them expired.
void sweep(benchmark::State& state) {
    Rig<Ipv4Address> rig(static_cast<std::uint32_t>(state.range(0)));
    state.counters["cycles_per_visit"] = measure(state, 32, [&] {
        benchmark::DoNotOptimize(rig.table.sweep(
            kNow, 32, [](const auto& flow) { return flow_timeout(flow.protocol, flow.tcp_state, FlowTimeouts{}); },
            [](const auto&) {}));
    });
}

const std::vector<std::vector<std::int64_t>> kBurstsAndFlows = {{1, 8, 32}, {1'000, 64'000, 1'000'000}};
BENCHMARK(look_up<Ipv4Address>)->ArgNames({"burst", "flows"})->ArgsProduct(kBurstsAndFlows);
BENCHMARK(look_up<Ipv6Address>)->ArgNames({"burst", "flows"})->ArgsProduct(kBurstsAndFlows);
BENCHMARK(look_up_unknown<Ipv4Address>)->ArgNames({"burst", "flows"})->ArgsProduct({{32}, {1'000, 64'000, 1'000'000}});
BENCHMARK(open_and_expire<Ipv4Address>)->ArgName("flows")->Arg(4'096)->Arg(64'000)->Arg(1'000'000);
BENCHMARK(open_and_expire<Ipv6Address>)->ArgName("flows")->Arg(4'096)->Arg(64'000)->Arg(1'000'000);
BENCHMARK(sweep)->ArgName("flows")->Arg(1'000)->Arg(64'000)->Arg(1'000'000);

}  // namespace
}  // namespace izar

BENCHMARK_MAIN();
