// izar-perf-forward: one lcore of izar, and the null control in its place, under a generator on another core.
//
// One process measures one scenario: EAL, the node under test, trials in turn, JSON on standard output. The suites of
// perf/run start it for every scenario and ask it for trials line by line (--serve).
#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "dataplane/lcore/placement.h"
#include "perf/forward/rig.h"
#include "perf/forward/serve.h"

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

// izar, the null control and the generator alone, in turn, so that all meet the same disturbance.
Result<json> measure_highest(Rig& rig, const RigOptions& options) {
    json rows = json::array();
    for (int run = 0; run < options.runs; ++run) {
        for (const char* system : {"izar", "null", "generator"}) {
            auto row = rig.run(system, options.plan);
            if (!row) {
                return row;
            }
            rows.push_back(std::move(*row));
        }
    }
    return rows;
}

Result<void> measure(const RigOptions& options, TestNode& node, const TscClock& clock, bool hugepages) {
    Rig rig(options, node, clock);
    if (options.serve) {
        serve(rig, options.plan, std::cin, std::cout);
        return {};
    }
    const Scenario& scenario = options.scenario;
    json out = {
        {"role", role_name(scenario.role)}, {"security", scenario.sealed ? "aes-gcm" : "none"},
        {"flows", scenario.flows},          {"frame_bytes", scenario.imix ? json("imix") : json(scenario.frame_bytes)},
        {"tsc_hz", clock.hertz()},          {"hugepages", hugepages}};
    auto trials = measure_highest(rig, options);
    if (!trials) {
        return tl::unexpected(trials.error());
    }
    out["trials"] = std::move(*trials);
    fmt::print("{}\n", out.dump());
    return {};
}

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
    if (auto done = measure(options, **node, clock, hugepages); !done) {
        return complain(done.error());
    }
    node->reset();
    const std::filesystem::path leftover = rte_eal_get_runtime_dir();
    rte_eal_cleanup();
    std::error_code ignored;  // it may not be there
    std::filesystem::remove_all(leftover, ignored);
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
