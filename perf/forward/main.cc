// izar-perf-forward: one lcore of izar, and the null control in its place, under a generator on another core.
//
// One process measures one scenario: EAL, the node under test, trials in turn, JSON on standard output. perf/run
// forward starts it for every row of the table.
#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "dataplane/lcore/placement.h"
#include "perf/forward/options.h"
#include "perf/forward/self_test.h"

namespace izar {
namespace {

using nlohmann::json;

constexpr unsigned kDpdkMemoryMib = 96;
constexpr const char* kFreePages = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";

int complain(const Error& error) {
    fmt::print(stderr, "{}\n", error.text);
    return 1;
}

bool has_hugepages() {
    std::ifstream file(kFreePages);
    unsigned pages = 0;
    return file >> pages && pages * 2 >= kDpdkMemoryMib;
}

// The kernel shares a core out between sessions first, and niceness counts only within one. So in a session of
// its own the rig asks that the session come first for the seconds that it measures. Best effort.
void come_first() {
    if (setsid() >= 0 || getsid(0) == getpid()) {
        std::ofstream("/proc/self/autogroup") << "-20";
    }
    if (setpriority(PRIO_PROCESS, 0, -20) != 0) {
        fmt::print(stderr, "not root: other programs share the cores that are measured\n");
    }
}

// EAL with the generator on one core and lcore 1, which is measured, on another.
Result<void> start_eal(bool hugepages) {
    const auto topology = read_topology();
    if (!topology) {
        return tl::unexpected(topology.error());
    }
    if (topology->cpus.size() < 2) {
        return fail("the generator needs a core beside the measured one; this process may use one only");
    }
    const Placement placement = place_lcores(*topology, {});
    std::vector<std::string> arguments = {
        "izar-perf-forward",
        fmt::format("--lcores=0@{},1@{}", placement.other_cpus.front(), placement.lcores.front().cpu),
        fmt::format("--file-prefix=izar-perf-{}", getpid()),
        "--in-memory",
        "--no-pci",
        "--no-telemetry",
        "--log-level=*:warning",
        "-m",
        std::to_string(kDpdkMemoryMib),
    };
    if (!hugepages) {
        arguments.push_back("--no-huge");
    }
    std::vector<char*> argv;
    argv.reserve(arguments.size());
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
        return fail(fmt::format("DPDK's EAL did not start: {}", rte_strerror(rte_errno)));
    }
    return {};
}

json row_of(const char* system, const TrialResult& result) {
    return {{"system", system},
            {"cycles_per_packet", result.cycles_per_packet},
            {"mpps", result.mpps},
            {"sent_packets", result.tally.sent},
            {"received_packets", result.tally.received},
            {"wrong_packets", result.tally.wrong},
            {"made_packets", result.node.made},
            {"lost_packets", result.node.lost},
            {"interrupted_rounds", result.node.interrupted},
            {"accounted", result.accounted}};
}

class Rig {
  public:
    Rig(const RigOptions& options, TestNode& node, const TscClock& clock)
        : options_(options),
          node_(node),
          clock_(clock),
          in_(options.scenario.role == Role::ingress ? kLanPort : kWanPort),
          generator_(options.scenario, node.wire(in_).to_node(), node.wire(kWanPort), node.wire(kLanPort), node.pool(),
                     node.ports()[raw(in_)].mac, clock) {}

    // izar, the null control and the generator alone, in turn, so that all meet the same disturbance.
    json measure_highest() {
        json rows = json::array();
        for (int run = 0; run < options_.runs; ++run) {
            IzarForwarder izar(node_, clock_);
            rows.push_back(row_of("izar", Trial(node_, izar, generator_, options_.plan, clock_).run()));
            rows.push_back(row_of("null", measure_null()));
            rows.push_back(row_of("generator", measure_generator()));
        }
        return rows;
    }

    // The same load with the route table left alone and rewritten, in turn.
    json measure_rewrites() {
        json rows = json::array();
        for (int run = 0; run < options_.runs; ++run) {
            for (const std::uint32_t rewrites : {0U, options_.plan.rewrites_per_second}) {
                TrialPlan plan = options_.plan;
                plan.rewrites_per_second = rewrites;
                IzarForwarder izar(node_, clock_);
                const TrialResult result = Trial(node_, izar, generator_, plan, clock_).run();
                const CycleHistogram& rounds = izar.meter().histogram();
                json row = row_of("izar", result);
                const double us = 1e6 / static_cast<double>(clock_.hertz());
                row["rewrites"] = result.rewrites;
                row["rewrites_late"] = result.rewrites_late;
                row["rewrites_per_second"] = rewrites;
                row["burst_p50_us"] = static_cast<double>(rounds.quantile(0.5)) * us;
                row["burst_p99_us"] = static_cast<double>(rounds.quantile(0.99)) * us;
                row["burst_p999_us"] = static_cast<double>(rounds.quantile(0.999)) * us;
                row["burst_max_us"] = static_cast<double>(rounds.most()) * us;
                rows.push_back(row);
            }
        }
        return rows;
    }

  private:
    TrialResult measure_null() {
        const PortIndex out = options_.scenario.role == Role::egress ? kLanPort : kWanPort;
        NullForwarder null(node_.ports()[raw(in_)].dpdk_id, node_.ports()[raw(out)].dpdk_id, clock_);
        TrialPlan plan = options_.plan;
        plan.opens_flows = false;
        return Trial(node_, null, generator_, plan, clock_).run();
    }

    TrialResult measure_generator() { return run_self_test(options_.scenario, node_, clock_, options_.plan.duration); }

    const RigOptions& options_;
    TestNode& node_;
    const TscClock& clock_;
    PortIndex in_;
    Generator generator_;
};

int run(const RigOptions& options) {
    const bool hugepages = has_hugepages();
    come_first();
    if (auto done = start_eal(hugepages); !done) {
        return complain(done.error());
    }
    const TscClock clock{rte_get_tsc_hz()};
    auto node = TestNode::make(options.scenario, clock);
    if (!node) {
        return complain(node.error());
    }
    json out = {{"role", role_name(options.scenario.role)},
                {"security", options.scenario.sealed ? "aes-gcm" : "none"},
                {"flows", options.scenario.flows},
                {"frame_bytes", options.scenario.frame_bytes},
                {"tsc_hz", clock.hertz()},
                {"hugepages", hugepages}};
    {
        Rig rig(options, **node, clock);
        out["trials"] = options.reconf ? rig.measure_rewrites() : rig.measure_highest();
    }
    fmt::print("{}\n", out.dump());
    node->reset();
    rte_eal_cleanup();
    return 0;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const auto options = izar::parse_rig_options(argc, argv);
    if (!options) {
        return izar::complain(options.error());
    }
    if (!options->message.empty()) {
        fmt::print("{}", options->message);
        return 0;
    }
    return izar::run(*options);
}
