// trial.h -- Trial: one measurement of one forwarder, and the account of it.
//
// Thread: the generator's; a trial launches its forwarder on EAL lcore 1 and waits until it has ended.
//
// On a machine that does other work too, cycles per packet leaves out the rounds in which another program had the
// core, and the rate is the median over slices of the trial; both are right where the machine is idle.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "perf/forward/conditions.h"
#include "perf/forward/forwarder.h"
#include "perf/forward/generator.h"

namespace izar {

// What the generator's core does besides, where the node's ports play packets themselves.
enum class Beside : std::uint8_t {
    nothing,
    spins,   // without touching memory: the control of the next
    builds,  // tables of a full fleet (table_builds.h), and publishes as many to the node
};

struct TrialPlan {
    Nanos warm_up = std::chrono::milliseconds{50};
    Nanos duration = std::chrono::milliseconds{500};
    Nanos slice = std::chrono::milliseconds{5};
    bool opens_flows = true;                // first one packet of each flow, every one judged
    double packets_per_second = 0;          // 0: as fast as the forwarder takes them
    bool refuses = false;                   // of a fixed load, what the node has no room for is lost; else it waits
    bool watches_latency = false;           // of a fixed load
    std::uint32_t rewrites_per_second = 0;  // of the route table, beside the traffic, and as many reads of the counters
    Beside beside = Beside::nothing;
    std::uint32_t builds_per_second = 0;  // 0: one after the other
};

struct TrialResult {
    double cycles_per_packet = 0;  // of rounds with packets that were not interrupted
    double mpps = 0;               // that came back, median over the slices
    Tally tally;
    Progress node;                    // since the trial's start
    std::uint64_t rewrites = 0;       // route tables published
    std::uint64_t rewrites_late = 0;  // times no table was free: published a step later
    std::uint64_t built = 0;          // tables of a full fleet
    Nanos building{};                 // the time that they took
    bool accounted = false;           // both sides' counters tell the same story, and no packet was wrong
    // Of the measured time alone, warm-up left out:
    std::uint64_t offered = 0;               // packets that the generator sent, or that the node refused
    std::uint64_t lost = 0;                  // of those, packets that did not come back
    std::uint64_t skipped = 0;               // that a refusing load would have had, but the generator came too late for
    Nanos measured{};                        // how long that was
    CycleHistogram latency;                  // nanoseconds
    std::array<Conditions, 2> conditions{};  // when the trial began, and when it had ended
};

class Trial {
  public:
    Trial(TestNode& node, Forwarder& forwarder, Generator& generator, const TrialPlan& plan, const TscClock& clock)
        : node_(node), forwarder_(forwarder), generator_(generator), plan_(plan), clock_(clock) {}

    // Any number of times, each a trial of its own.
    TrialResult run();

  private:
    // What the counters stood at, for differences.
    struct Mark {
        Instant at;
        Progress node;
        Tally tally;
    };
    Mark mark() const noexcept;
    Pacer pacer_from_now() const noexcept;
    void drive(Pacer& pacer, Instant until) noexcept;
    void rewrite_if_due(Instant now) noexcept;
    void settle(const Mark& start) noexcept;
    void measure(const Mark& trial_start);

    TestNode& node_;
    Forwarder& forwarder_;
    Generator& generator_;
    TrialPlan plan_;
    const TscClock& clock_;
    OnSched on_sched_ = OnSched::claim();
    Instant next_rewrite_{};
    TrialResult result_;
};

}  // namespace izar
