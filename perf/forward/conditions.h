// conditions.h -- What the machine gave a trial: how far apart its two cores were, and how much of a core there was.
//
// A virtual machine's cores are hardware threads that its host moves and lends to others. While another guest runs on
// the other thread of the measured core, the core adds, loads and branches at half its rate, nothing is stolen in the
// sense of /proc/stat, and every stage takes longer by half. And what a packet costs on its way from core to core
// follows their distance.
//
// Thread: the generator's; the other end runs on EAL lcore Forwarder::kLcore, which does nothing else then.
#pragma once

#include <cstdint>

namespace izar {

struct Conditions {
    std::uint64_t line_round_trip_cycles = 0;  // of a cache line from core to core and back, median
    double adds_per_cycle = 0;  // independent ones on the measured core, a cycle of the time-stamp counter
};

// Takes less than a millisecond.
Conditions measure_conditions();

}  // namespace izar
