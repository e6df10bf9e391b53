#include "perf/forward/rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "perf/forward/replay_trial.h"
#include "perf/forward/self_test.h"

namespace izar {
namespace {

using nlohmann::json;

constexpr Nanos kLongestDrain = std::chrono::seconds{2};

// [[largest length of a bucket, entries], ...], or null if nothing was noted.
json buckets_of(const CycleHistogram& histogram) {
    json out = json::array();
    histogram.visit([&](std::uint64_t length, std::uint64_t entries) { out.push_back({length, entries}); });
    return out.empty() ? json(nullptr) : out;
}

double share(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Rig::Rig(const RigOptions& options, TestNode& node, const TscClock& clock)
    : options_(options),
      node_(node),
      clock_(clock),
      from_(node.ports()[raw(port_in(options.scenario.role))].dpdk_id),
      to_(node.ports()[raw(port_out(options.scenario.role))].dpdk_id) {
    const PortIndex in = port_in(options.scenario.role);
    if (options.scenario.ports != PortKind::pcap) {
        generator_.emplace(options.scenario, node.wire(in), node.wire(kWanPort), node.wire(kLanPort), node.pool(),
                           node.ports()[raw(in)].mac, clock);
    }
}

json Rig::row_of(std::string_view system, const TrialResult& result) const {
    const std::chrono::duration<double> measured = result.measured;
    const auto& [before, after] = result.conditions;
    return {{"system", system},
            {"cycles_per_packet", result.cycles_per_packet * copies_in(options_.scenario)},
            {"mpps", result.mpps},
            {"sent_packets", result.tally.sent},
            {"received_packets", result.tally.received},
            {"wrong_packets", result.tally.wrong},
            {"made_packets", result.node.made},
            {"lost_packets", result.node.lost},
            {"interrupted_rounds", result.node.interrupted},
            {"rewrites", result.rewrites},
            {"rewrites_late", result.rewrites_late},
            {"tables_built", result.built},
            {"building_s", std::chrono::duration<double>(result.building).count()},
            {"tsc_hz", clock_.hertz()},
            {"line_round_trip_cycles", std::max(before.line_round_trip_cycles, after.line_round_trip_cycles)},
            {"adds_per_cycle", std::min(before.adds_per_cycle, after.adds_per_cycle)},
            {"measured_s", measured.count()},
            {"offered_packets", result.offered},
            {"missing_packets", result.lost},
            {"skipped_packets", result.skipped},
            {"loss_ratio", share(result.lost, result.offered)},
            {"latency_ns_buckets", buckets_of(result.latency)},
            {"accounted", result.accounted}};
}

TrialResult Rig::run(Forwarder& forwarder, const TrialPlan& plan) {
    if (!generator_) {
        if (plan.beside == Beside::builds && builds_ == nullptr) {
            builds_ = std::make_unique<TableBuilds>(clock_.now());
        }
        return run_replay(node_, forwarder, builds_.get(), plan, clock_);
    }
    return Trial(node_, forwarder, *generator_, plan, clock_).run();
}

Result<json> Rig::run(std::string_view system, const TrialPlan& plan) {
    if (generator_ && plan.beside != Beside::nothing) {
        return fail("the generator's core is busy; only ports of net_pcap leave it to something beside");
    }
    TrialPlan control = plan;
    control.opens_flows = false;
    if (system == "izar" && options_.scenario.naps) {
        NappingForwarder izar(node_, clock_);
        return row_of(system, run(izar, plan));
    }
    if (system == "izar") {
        IzarForwarder izar(node_, clock_);
        json row = row_of(system, run(izar, plan));
        row["burst_cycles_buckets"] = buckets_of(izar.meter().histogram());
        return row;
    }
    if (system == "null") {
        NullForwarder null(from_, to_, clock_);
        return row_of(system, run(null, control));
    }
    if (system == "impaired") {
        ImpairedForwarder impaired(from_, to_, options_.impairment, clock_);
        return row_of(system, run(impaired, control));
    }
    if (system == "generator" && generator_) {
        return row_of(system, run_self_test(options_.scenario, node_, clock_, plan.duration));
    }
    return fail(
        fmt::format("there is no system '{}' here; use izar, null, impaired, or generator where there is one", system));
}

Result<json> Rig::open_flows() {
    if (!generator_) {
        return fail("net_pcap plays all flows from the start; ask for new ones over net_ring");
    }
    // The scenario's flows are IPv4; a table for as many of IPv6 is made only to see what it takes.
    const auto table6 = FlowTable<Ipv6Address>::make(options_.scenario.flows, HashSeed::from(1));
    if (!table6) {
        return tl::unexpected(table6.error());
    }
    IzarForwarder izar(node_, clock_);
    izar.start();
    const Instant start = clock_.now();
    generator_->open_flows(false);
    for (const Instant latest = clock_.now() + kLongestDrain;
         izar.progress().received < generator_->tally().sent && clock_.now() < latest;) {
        generator_->collect();
    }
    const std::chrono::duration<double> took = clock_.now() - start;
    izar.stop();
    generator_->collect();
    const LcoreCounters counters = node_.state().snapshot.read();
    const Progress node = izar.progress();
    const auto& table = node_.state().flows4;
    return json{{"seconds", took.count()},
                {"flows_asked", options_.scenario.flows},
                {"flows_held", counters.flows},
                {"flows_refused", counters.flows_refused + counters.nat_ports_refused},
                {"cycles_per_flow", static_cast<double>(node.timed_cycles) / static_cast<double>(node.timed_packets)},
                {"bytes_per_flow", static_cast<double>(table.bytes()) / table.capacity()},
                {"bytes_per_flow_ipv6", static_cast<double>(table6->bytes()) / table6->capacity()}};
}

}  // namespace izar
