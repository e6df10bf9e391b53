#include "perf/forward/replay_trial.h"

#include <algorithm>
#include <thread>

namespace izar {
namespace {

constexpr Nanos kNap = std::chrono::milliseconds{1};

void wait(TestNode& node, const TscClock& clock, Nanos duration) {
    for (const Instant end = clock.now() + duration; clock.now() < end;) {
        node.drain_reports();
        std::this_thread::sleep_for(kNap);
    }
}

}  // namespace

TrialResult run_replay(TestNode& node, Forwarder& forwarder, const TrialPlan& plan, const TscClock& clock) {
    TrialResult result;
    result.conditions[0] = measure_conditions();
    const Progress before = forwarder.progress();
    forwarder.start();
    wait(node, clock, plan.warm_up);
    const Progress start = forwarder.progress();
    const Instant from = clock.now();
    wait(node, clock, plan.duration);
    const Progress measured = forwarder.progress().since(start);
    result.measured = clock.now() - from;
    forwarder.stop();
    result.conditions[1] = measure_conditions();
    const std::chrono::duration<double, std::micro> took = result.measured;
    result.cycles_per_packet = static_cast<double>(measured.timed_cycles) /
                               static_cast<double>(std::max<std::uint64_t>(measured.timed_packets, 1));
    result.mpps = static_cast<double>(measured.received) / took.count();
    result.node = forwarder.progress().since(before);
    const Progress& all = result.node;
    result.accounted = all.received != 0 && all.lost == 0 && all.received + all.made == all.sent;
    return result;
}

}  // namespace izar
