// rig_eal.h -- DPDK's EAL for a measurement: the generator on one CPU, each lcore under test on another.
//
// Thread: main, once a process.
#pragma once

#include "dataplane/base/result.h"

namespace izar {

struct RigEal {
    bool hugepages = false;  // there were enough free ones
    // EAL lcores 1 and on. One less than asked for where there is a CPU too few: then the generator's has two to carry.
    unsigned lcores = 0;
};

// Asks the kernel to run this process before others as well; says on stderr if it may not. EAL lcore i + 1 is izar's
// lcore i. The error says how many CPUs are missing.
Result<RigEal> start_rig_eal(unsigned lcores);
// And leaves no file behind.
void end_rig_eal();

}  // namespace izar
