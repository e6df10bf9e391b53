#include "perf/forward/replay_trial.h"

#include <algorithm>
#include <thread>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr Nanos kNap = std::chrono::milliseconds{1};

// What the generator's thread does beside the measured lcore.
class Company {
  public:
    Company(TestNode& node, TableBuilds* builds, const TrialPlan& plan, const TscClock& clock)
        : node_(node), builds_(builds), plan_(plan), clock_(clock) {
        CHECK(builds != nullptr || plan.beside != Beside::builds);
    }

    void keep(Nanos duration, TrialResult& result) {
        next_build_ = clock_.now();
        for (const Instant end = clock_.now() + duration; clock_.now() < end;) {
            node_.drain_reports();
            switch (plan_.beside) {
                case Beside::nothing:
                    std::this_thread::sleep_for(kNap);
                    break;
                case Beside::spins:
                    spin();
                    break;
                case Beside::builds:
                    build(result);
                    break;
            }
        }
    }

  private:
    void spin() const {
        for (const Instant end = clock_.now() + kNap; clock_.now() < end;) {
        }
    }
    // One table for nobody, and a swap of the node's own.
    void build(TrialResult& result) {
        const Instant start = clock_.now();
        const std::uint64_t before = builds_->built();
        builds_->build(start);
        result.built += builds_->built() - before;
        result.building += clock_.now() - start;
        (node_.publish_routes(on_sched_, builds_->built() % 2 == 0) ? result.rewrites : result.rewrites_late) += 1;
        if (plan_.builds_per_second != 0) {
            next_build_ += Nanos{std::chrono::seconds{1}} / plan_.builds_per_second;
            std::this_thread::sleep_for(next_build_ - clock_.now());
        }
    }

    TestNode& node_;
    TableBuilds* builds_;
    const TrialPlan& plan_;
    const TscClock& clock_;
    OnSched on_sched_ = OnSched::claim();
    Instant next_build_{};
};

}  // namespace

TrialResult run_replay(TestNode& node, Forwarder& forwarder, TableBuilds* builds, const TrialPlan& plan,
                       const TscClock& clock) {
    TrialResult result;
    Company company(node, builds, plan, clock);
    result.conditions[0] = measure_conditions();
    const Progress before = forwarder.progress();
    forwarder.start();
    company.keep(plan.warm_up, result);
    result.built = result.rewrites = result.rewrites_late = 0;
    result.building = Nanos{};
    const Progress start = forwarder.progress();
    const Instant from = clock.now();
    company.keep(plan.duration, result);
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
    result.offered = all.received;
    result.lost = all.received + all.made - all.sent;
    result.accounted = all.received != 0 && all.lost == 0 && all.received + all.made == all.sent;
    return result;
}

}  // namespace izar
