// conditions.h -- What the machine gave a trial: how far apart its two cores were, and how much of a core there was.
//
// A virtual machine's cores are hardware threads that its host moves and lends to others. A guest cannot see that
// another one runs on the other thread of its core; nothing is stolen then in the sense of /proc/stat. But independent
// additions go at half their rate, dependent ones as before, and so a trial on part of a core can be told from one on
// all of it.
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
