// self_test.h -- What the generator can do alone: it sends into a ring that it reads itself.
//
// Thread: the generator's; no other core takes part.
#pragma once

#include "perf/forward/node.h"
#include "perf/forward/trial.h"

namespace izar {

// cycles_per_packet of the result is what the generator spends on one packet, sending and taking back.
TrialResult run_self_test(const Scenario& scenario, TestNode& node, const TscClock& clock, Nanos duration);

}  // namespace izar
