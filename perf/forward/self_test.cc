#include "perf/forward/self_test.h"

#include <rte_ring.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {

namespace {

// A wire that leads back to the generator.
class Loop final : public Wire {
  public:
    Loop()
        : ring_(
              rte_ring_create("self_test", kSendRing, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ)) {
        CHECK(ring_ != nullptr);  // the rig's memory has room for it
    }
    ~Loop() override { rte_ring_free(ring_); }
    Loop(const Loop&) = delete;
    unsigned room() noexcept override { return rte_ring_free_count(ring_); }
    void send(std::span<rte_mbuf*> frames) noexcept override {
        rte_ring_sp_enqueue_bulk(ring_, reinterpret_cast<void**>(frames.data()), static_cast<unsigned>(frames.size()),
                                 nullptr);
    }
    unsigned receive(std::span<rte_mbuf*> frames) noexcept override {
        return rte_ring_sc_dequeue_burst(ring_, reinterpret_cast<void**>(frames.data()),
                                         static_cast<unsigned>(frames.size()), nullptr);
    }

  private:
    rte_ring* ring_;
};

}  // namespace

TrialResult run_self_test(const Scenario& scenario, TestNode& node, const TscClock& clock, Nanos duration) {
    Loop loop;
    Generator generator(scenario, loop, loop, loop, node.pool(), mac_of(0), clock);
    constexpr Nanos kSlice = std::chrono::microseconds{100};
    std::vector<double> cycles;
    TrialResult result;
    for (const Instant end = clock.now() + duration; clock.now() < end;) {
        const std::uint64_t sent_before = generator.tally().sent;
        const std::uint64_t start = __rdtsc();
        for (const Instant slice = clock.now() + kSlice; clock.now() < slice;) {
            generator.step(kMaxBurst);
        }
        const std::uint64_t sent = generator.tally().sent - sent_before;
        cycles.push_back(static_cast<double>(__rdtsc() - start) / static_cast<double>(sent));
    }
    generator.collect();
    std::ranges::sort(cycles);
    result.cycles_per_packet = cycles[cycles.size() / 2];
    result.mpps = static_cast<double>(clock.hertz()) / result.cycles_per_packet / 1e6;
    result.tally = generator.tally();
    result.node.received = result.tally.sent;
    result.node.sent = result.tally.received;
    result.accounted = result.tally.sent == result.tally.received;
    return result;
}

}  // namespace izar
