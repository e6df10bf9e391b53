// izar-perf-scale: 1 and more lcores of one node over ports of as many queues; JSON on standard output.
//
// The generator fills all receive rings while the lcores stand still, then all of them work at once until the last
// packet has left, again and again: one generator could not keep many lcores busy, and small bursts cost more. So the
// generator needs no CPU of its own either: with as many lcores as CPUs its thread is the last lcore's, once the rings
// are full.
#include <fmt/format.h>
#include <rte_cycles.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "perf/forward/forwarder.h"
#include "perf/forward/generator.h"
#include "perf/forward/rig_eal.h"
#include "perf/forward/ring_port.h"

namespace izar {
namespace {

using nlohmann::json;

constexpr Nanos kWarmUp = std::chrono::milliseconds{20};
constexpr unsigned kRing = 2'048;  // frames: what starting and ending a drain takes is little beside it
constexpr Nanos kPatience = std::chrono::milliseconds{1};
constexpr Nanos kLongestDrain = std::chrono::seconds{2};
constexpr Nanos kLook = std::chrono::microseconds{1};  // between two looks at whether all is done

struct Options {
    Scenario scenario;
    bool steers = false;  // a packet comes by the queue of its flow's owner
    int runs = 5;
    Nanos trial{};
};

class ScaleRig {
  public:
    ScaleRig(const Options& options, unsigned eal_lcores, TestNode& node, const TscClock& clock)
        : options_(options),
          node_(node),
          clock_(clock),
          out_(dynamic_cast<const RingPort&>(node.wire(port_out(options.scenario.role)))),
          generator_(options.scenario, node.wire(port_in(options.scenario.role)), node.wire(kWanPort),
                     node.wire(kLanPort), node.pool(), node.ports()[raw(port_in(options.scenario.role))].mac, clock),
          eal_lcores_(eal_lcores) {
        if (options.steers) {
            generator_.steer_to_owners(node.state().shared.hash_seed);
        }
    }

    json run() {
        lcores_.clear();
        for (unsigned i = 0; i < options_.scenario.lcores; ++i) {
            lcores_.push_back(std::make_unique<IzarForwarder>(node_, clock_, i));
        }
        own_ = eal_lcores_ < lcores_.size() ? lcores_.back().get() : nullptr;
        before_ = node_.counted();
        sent_before_ = generator_.tally();
        node_.control().forwarding.store(false, std::memory_order_relaxed);
        for (unsigned i = 0; i < eal_lcores_; ++i) {
            lcores_[i]->start(Forwarder::kLcore + i);
        }
        if (own_ != nullptr) {
            own_->join();
        }
        fill_and_drain(kWarmUp);
        const Mark start = mark();
        const double mpps = fill_and_drain(options_.trial);
        const Mark end = mark();
        for (unsigned i = 0; i < eal_lcores_; ++i) {
            lcores_[i]->stop(Forwarder::kLcore + i);
        }
        if (own_ != nullptr) {
            own_->leave();
        }
        json row = row_of(start, end);
        row["mpps"] = mpps;
        return row;
    }

  private:
    struct Mark {
        std::vector<Progress> progress;
        std::uint64_t handed = 0;
    };

    Mark mark() const {
        Mark out{{}, node_.counted().handed_in};
        std::ranges::transform(lcores_, std::back_inserter(out.progress),
                               [](const auto& each) { return each->progress(); });
        return out;
    }

    // Median of the rates of all drains, Mpps.
    double fill_and_drain(Nanos duration) {
        std::vector<double> rates;
        for (const Instant end = clock_.now() + duration; clock_.now() < end;) {
            const std::uint64_t sent_before = generator_.tally().sent;
            while (generator_.step(kMaxBurst) != 0) {
            }
            const std::uint64_t sent = generator_.tally().sent - sent_before;
            const Instant start = clock_.now();
            drain(sent);
            const std::chrono::duration<double, std::micro> took = clock_.now() - start;
            rates.push_back(static_cast<double>(sent) / took.count());
            generator_.collect();
            node_.drain_reports();
        }
        const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
        std::ranges::nth_element(rates, middle);
        return *middle;
    }

    // Looks at how many frames have come out, and at the lcores' counters only if that takes too long, because some
    // were lost: an idle lcore writes its counters all the time, and reading them would take longer than the drain.
    void drain(std::uint64_t sent) {
        node_.control().forwarding.store(true, std::memory_order_relaxed);
        const Instant latest = clock_.now() + kLongestDrain;
        for (Instant patience = clock_.now() + kPatience; out_.waiting() < sent && clock_.now() < latest;) {
            work_or_wait();
            if (clock_.now() > patience) {
                if (all_left()) {
                    break;
                }
                patience += kPatience;
            }
        }
        node_.control().forwarding.store(false, std::memory_order_relaxed);
    }

    void work_or_wait() {
        if (own_ != nullptr) {
            own_->round();
            return;
        }
        // Without rte_pause: many pauses in a row make a hypervisor take the core away.
        for (const Instant end = clock_.now() + kLook; clock_.now() < end;) {
        }
    }

    // Every packet that was sent was received by an lcore, and has left or has a verdict.
    bool all_left() const {
        const LcoreCounters now = node_.counted();
        const auto done = [](const LcoreCounters& c) {
            return c.tx + c.total(Fate::dropped) + c.total(Fate::consumed);
        };
        return now.rx - before_.rx == generator_.tally().sent - sent_before_.sent &&
               now.rx + now.made - before_.rx - before_.made == done(now) - done(before_);
    }

    bool accounted() const {
        return all_left() && node_.counted().tx - before_.tx == generator_.tally().received - sent_before_.received;
    }

    // What a packet costs all lcores that it meets, by their cycles for each that they took, from a port or from
    // another.
    json row_of(const Mark& start, const Mark& end) const {
        double cycles = 0;
        double packets = 0;
        std::uint64_t from_ports = 0;
        json of_lcores = json::array();
        for (std::size_t i = 0; i < end.progress.size(); ++i) {
            const Progress each = end.progress[i].since(start.progress[i]);
            const auto timed = static_cast<double>(std::max<std::uint64_t>(each.timed_packets, 1));
            cycles += static_cast<double>(each.timed_cycles);
            packets += timed;
            from_ports += each.received;
            of_lcores.push_back(static_cast<double>(each.timed_cycles) / timed);
        }
        const double handed = static_cast<double>(end.handed - start.handed) /
                              static_cast<double>(std::max<std::uint64_t>(from_ports, 1));
        return {{"cycles_per_packet", cycles / packets * (1 + handed)},
                {"lcore_cycles_per_packet", of_lcores},
                {"handed_over_percent", 100 * handed},
                {"accounted", accounted()}};
    }

    const Options& options_;
    TestNode& node_;
    const TscClock& clock_;
    const RingPort& out_;
    Generator generator_;
    unsigned eal_lcores_;
    std::vector<std::unique_ptr<IzarForwarder>> lcores_;  // of the trial under way
    IzarForwarder* own_ = nullptr;                        // of those, the one that this thread is, or none
    LcoreCounters before_;
    Tally sent_before_;
};

int complain(const Error& error) {
    fmt::print(stderr, "{}\n", error.text);
    return 1;
}

int run(const Options& options) {
    const auto eal = start_rig_eal(options.scenario.lcores);
    if (!eal) {
        return complain(eal.error());
    }
    const TscClock clock{rte_get_tsc_hz()};
    auto node = TestNode::make(options.scenario, clock);
    if (!node) {
        return complain(node.error());
    }
    json out = {{"tsc_hz", clock.hertz()}, {"hugepages", eal->hugepages}, {"trials", json::array()}};
    ScaleRig rig(options, eal->lcores, **node, clock);
    for (int trial = 0; trial < options.runs; ++trial) {
        out["trials"].push_back(rig.run());
    }
    fmt::print("{}\n", out.dump());
    node->reset();
    end_rig_eal();
    return 0;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    izar::Options options;
    std::string role = "ingress";
    unsigned lcores = 1;
    unsigned trial_ms = 300;
    CLI::App app{"Measures lcores of one node over ports of as many queues; prints JSON."};
    app.add_option("--role", role, "ingress, relay, egress or direct")->capture_default_str();
    app.add_option("--lcores", lcores, "at most as many as CPUs")->check(CLI::Range(1U, unsigned{izar::kMaxLcores}));
    app.add_option("--flows", options.scenario.flows, "client flows")->check(CLI::Range(1U, 1U << 20));
    app.add_flag("--steers", options.steers, "packets come by the queue of their flow's owner; else by all in turn");
    app.add_option("--runs", options.runs, "trials")->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--trial-ms", trial_ms, "length of one")->check(CLI::Range(20U, 60'000U))->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    const auto known = izar::role_of(role);
    if (!known) {
        return izar::complain(known.error());
    }
    options.scenario.role = *known;
    options.scenario.lcores = static_cast<std::uint8_t>(lcores);
    options.scenario.receive_ring = izar::kRing;
    options.trial = std::chrono::milliseconds{trial_ms};
    return izar::run(options);
}
