#include "perf/forward/trial.h"

#include <algorithm>

namespace izar {
namespace {

constexpr Nanos kLongestSettling = std::chrono::seconds{2};
// A refusing load's generator that comes later than this for a packet skips it: half of the node's receive ring holds
// what a generator sends that is less late.
constexpr std::uint64_t kMostOwed = kReceiveRing / 2;

Tally difference(const Tally& to, const Tally& from) noexcept {
    return {to.sent - from.sent, to.refused - from.refused, to.received - from.received, to.wrong - from.wrong};
}

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

Trial::Mark Trial::mark() const noexcept {
    return {clock_.now(), forwarder_.progress(), generator_.tally()};
}

void Trial::rewrite_if_due(Instant now) noexcept {
    if (plan_.rewrites_per_second == 0 || now < next_rewrite_) {
        return;
    }
    if (!node_.publish_routes(on_sched_, result_.rewrites % 2 == 0)) {
        ++result_.rewrites_late;
        return;
    }
    forwarder_.progress();  // what a reader of statistics does
    ++result_.rewrites;
    next_rewrite_ += Nanos{std::chrono::seconds{1}} / plan_.rewrites_per_second;
}

Pacer Trial::pacer_from_now() const noexcept {
    return {clock_.now(), plan_.packets_per_second, plan_.refuses ? kMostOwed : Pacer::kOwesAll};
}

// The generator's loop.
void Trial::drive(Pacer& pacer, Instant until) noexcept {
    for (Instant now = clock_.now(); now < until; now = clock_.now()) {
        rewrite_if_due(now);
        if (plan_.packets_per_second == 0) {
            generator_.step(kMaxBurst);
        } else {
            generator_.step(pacer, now, plan_.refuses);
        }
    }
    node_.drain_reports();
}

// Until everything that was sent has come out or was counted as lost; a lost packet without a count ends the wait
// at its limit.
void Trial::settle(const Mark& start) noexcept {
    const Instant end = clock_.now() + kLongestSettling;
    for (bool all = false; !all && clock_.now() < end;) {
        generator_.collect();
        const Progress node = forwarder_.progress().since(start.node);
        const Tally tally = difference(generator_.tally(), start.tally);
        all = node.received == tally.sent && tally.received == node.sent;
    }
}

// The measured time begins and ends with nothing under way, so that what is lost in it can be counted.
void Trial::measure(const Mark& trial_start) {
    settle(trial_start);
    std::vector<double> mpps;
    const Mark start = mark();
    Mark from = start;
    Pacer pacer = pacer_from_now();
    generator_.watch_latency(plan_.watches_latency ? &result_.latency : nullptr);
    for (const Instant end = start.at + plan_.duration; from.at < end;) {
        drive(pacer, from.at + plan_.slice);
        const Mark to = mark();
        const std::chrono::duration<double, std::micro> took = to.at - from.at;
        mpps.push_back(static_cast<double>(to.tally.received - from.tally.received) / took.count());
        from = to;
    }
    const Progress node = from.node.since(start.node);
    result_.cycles_per_packet =
        node.timed_packets == 0 ? 0 : static_cast<double>(node.timed_cycles) / static_cast<double>(node.timed_packets);
    result_.mpps = median(mpps);
    result_.measured = from.at - start.at;
    settle(trial_start);
    generator_.watch_latency(nullptr);
    const Mark end = mark();
    const Tally tally = difference(end.tally, start.tally);
    result_.offered = tally.sent + tally.refused;
    result_.lost = result_.offered + end.node.since(start.node).made - tally.received;
    result_.skipped = pacer.skipped();
}

TrialResult Trial::run() {
    result_ = TrialResult{};
    result_.conditions[0] = measure_conditions();
    const Mark start = mark();
    forwarder_.start();
    if (plan_.opens_flows) {
        generator_.open_flows(true);
    }
    next_rewrite_ = clock_.now();
    Pacer warming = pacer_from_now();
    drive(warming, clock_.now() + plan_.warm_up);
    measure(start);
    forwarder_.stop();
    generator_.collect();
    result_.conditions[1] = measure_conditions();

    result_.tally = difference(generator_.tally(), start.tally);
    result_.node = forwarder_.progress().since(start.node);
    const Progress& node = result_.node;
    result_.accounted = result_.tally.sent == node.received && result_.tally.received == node.sent &&
                        node.received + node.made == node.sent + node.lost && result_.tally.wrong == 0;
    return result_;
}

}  // namespace izar
