#include "perf/forward/rig_eal.h"

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dataplane/lcore/placement.h"

namespace izar {
namespace {

// For all that is there once, and for an lcore's packet buffers.
constexpr unsigned kMemoryMib = 64;
constexpr unsigned kLcoreMemoryMib = 32;
constexpr const char* kFreePages = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";

bool has_hugepages(unsigned mib) {
    std::ifstream file(kFreePages);
    unsigned pages = 0;
    return file >> pages && pages * 2 >= mib;
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

std::string lcores_argument(const Placement& placement) {
    std::string out = fmt::format("--lcores=0@{}", placement.other_cpus.front());
    for (std::size_t i = 0; i < placement.lcores.size(); ++i) {
        out += fmt::format(",{}@{}", i + 1, placement.lcores[i].cpu);
    }
    return out;
}

}  // namespace

Result<RigEal> start_rig_eal(unsigned lcores) {
    const auto topology = read_topology();
    if (!topology) {
        return tl::unexpected(topology.error());
    }
    const std::size_t cpus = topology->cpus.size();
    if (cpus < 2 || lcores > cpus) {
        return fail(fmt::format("{} lcores and a generator need {} CPUs; this process may use {}", lcores,
                                std::max(lcores, 2U), cpus));
    }
    RigEal eal;
    const unsigned memory_mib = kMemoryMib + lcores * kLcoreMemoryMib;
    eal.hugepages = has_hugepages(memory_mib);
    eal.lcores = lcores < cpus ? lcores : lcores - 1;
    come_first();
    const Placement placement =
        place_lcores(*topology, {.lcores = static_cast<int>(eal.lcores), .port_numa_nodes = {}});
    std::vector<std::string> arguments = {
        "izar-perf",
        lcores_argument(placement),
        fmt::format("--file-prefix=izar-perf-{}", getpid()),
        "--in-memory",
        "--no-pci",
        "--no-telemetry",
        "--log-level=*:warning",
        "--log-level=pmd.net.memif:critical",  // else it laments that it cannot share ports with a second process
        "-m",
        std::to_string(memory_mib),
    };
    if (!eal.hugepages) {
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
    return eal;
}

void end_rig_eal() {
    const std::filesystem::path leftover = rte_eal_get_runtime_dir();
    rte_eal_cleanup();
    std::error_code ignored;  // it may not be there
    std::filesystem::remove_all(leftover, ignored);
}

}  // namespace izar
