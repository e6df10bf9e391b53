#include "perf/forward/self_test.h"

#include <algorithm>

namespace izar {

// The forwarder is stopped, so the frames stay in the node's receive ring until the generator, given that ring as
// an outlet too, takes them back.
TrialResult run_self_test(const Scenario& scenario, TestNode& node, const TscClock& clock, Nanos duration) {
    const RingPort& wan = node.wire(kWanPort);
    Generator generator(scenario, wan.from_node(), wan, node.wire(kLanPort), node.pool(), mac_of(0), clock);
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
