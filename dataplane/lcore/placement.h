// placement.h -- Which CPU each lcore runs on, and which are left to the other threads.
//
// One lcore per physical core, no SMT sibling shared with an lcore, on the NUMA node of its port; the
// scheduler and main threads on the cores that remain. Where there are too few cores the rules give way
// in that order of worth (others keep a core last), and each concession is a sentence in `notes`.
//
// Thread: pure functions over values; read_topology asks the kernel and belongs to start-up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

// One hardware thread that this process may use.
struct Cpu {
    int index = 0;      // the kernel's number
    int core = 0;       // hardware threads of one core share it; unique over the machine
    int numa_node = 0;  // 0 where the machine has no NUMA
};

struct Topology {
    std::vector<Cpu> cpus;  // by index, ascending
};

// The CPUs in the calling thread's affinity mask, by hwloc.
Result<Topology> read_topology();
// A machine that does not exist, in hwloc's words: "numa:2 core:4 pu:2". For tests and planning.
Result<Topology> synthetic_topology(const std::string& description);

struct PlacementRequest {
    int lcores = 1;
    std::vector<std::optional<int>> port_numa_nodes;  // of the ports, in order; none: not known or virtual
};

struct Placement {
    struct Lcore {
        int cpu = 0;
        int numa_node = 0;
        friend bool operator==(const Lcore&, const Lcore&) = default;
    };
    std::vector<Lcore> lcores;       // lcore i of izar is EAL lcore i + 1
    std::vector<int> other_cpus;     // where main and scheduler threads float; never empty
    bool cores_are_shared = false;   // an lcore shares its core with other threads: see thread_class.h
    std::vector<std::string> notes;  // what could not be had, a sentence each

    // EAL's --lcores argument: "0@(0,4),1@1,2@2". EAL lcore 0 is the main thread.
    std::string eal_lcores() const;
};

// Requires at least one CPU and one lcore. Always yields a placement that runs.
Placement place_lcores(const Topology& topology, const PlacementRequest& request);

// NUMA node of a port's hardware, from sysfs: of a PCI address, or of the interface behind
// "net_af_packet,iface=eth1" and the like. None if it is virtual or the machine has no NUMA.
std::optional<int> device_numa_node(const std::string& device, const std::string& sysfs = "/sys");

}  // namespace izar
