// serve.h -- Serving: trials that another program asks for, line by line.
//
// Thread: the generator's.
//
// A line is a JSON object {"system", "ms"} and, where asked for, "load_mpps" (absent: as much as the node takes),
// "refuses", "latency" (booleans), "rewrites_per_second", "opens_flows", "beside" (nothing, spins, builds),
// "builds_per_second" (absent: one after the other); or {"open_flows": true}. An answer is a line too: the row of the
// trial, or {"error": text}.
#pragma once

#include <istream>
#include <ostream>

#include "perf/forward/rig.h"

namespace izar {

// Until `in` ends. `plan` is what a line does not say.
void serve(Rig& rig, const TrialPlan& plan, std::istream& in, std::ostream& out);

}  // namespace izar
