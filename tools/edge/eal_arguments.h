// eal_arguments.h -- The EAL arguments of izar-edge: what the user gave, completed from configuration and machine.
//
// Thread: main, before anything else runs.
#pragma once

#include <string>
#include <vector>

#include "dataplane/config/edge_config.h"
#include "dataplane/lcore/placement.h"

namespace izar {

// Memory that DPDK itself needs for this configuration, in MiB: packet buffers, rings, driver queues.
std::uint32_t dpdk_memory_mib(const EdgeConfig& config) noexcept;

// Free 2 MiB hugepages of the machine, in MiB; 0 if there are none.
std::uint32_t free_hugepages_mib();

// Whether the arguments say themselves which CPUs lcores run on: --lcores, -l or -c.
bool place_lcores_themselves(const std::vector<std::string>& given);

// Complete argv for rte_eal_init, program name first. Whatever `given` already says is left alone: --lcores (or
// -l, -c), memory (-m, --no-huge, --socket-mem, --in-memory), --file-prefix, --no-pci.
std::vector<std::string> eal_arguments(const std::vector<std::string>& given, const EdgeConfig& config,
                                       const Placement& placement, std::uint32_t hugepages_mib);

}  // namespace izar
