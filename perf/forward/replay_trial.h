// replay_trial.h -- A trial without generator: the node's ports play packets themselves (replay_ports.h).
//
// Thread: the generator's, which only waits.
#pragma once

#include "perf/forward/trial.h"

namespace izar {

// As Trial::run(), of the plan's durations alone. Accounted only if every packet was sent on.
TrialResult run_replay(TestNode& node, Forwarder& forwarder, const TrialPlan& plan, const TscClock& clock);

}  // namespace izar
