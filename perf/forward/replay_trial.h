// replay_trial.h -- A trial without generator: the node's ports play packets themselves (replay_ports.h).
//
// Thread: the generator's, which waits, spins, or builds tables, as the plan says.
#pragma once

#include "perf/forward/table_builds.h"
#include "perf/forward/trial.h"

namespace izar {

// As Trial::run(), of the plan's durations and what is beside alone. Accounted only if every packet was sent on.
// `builds` may be null unless the plan builds.
TrialResult run_replay(TestNode& node, Forwarder& forwarder, TableBuilds* builds, const TrialPlan& plan,
                       const TscClock& clock);

}  // namespace izar
