// options.h -- The command line of izar-perf-forward.
//
// Thread: main.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "perf/forward/impaired_forwarder.h"
#include "perf/forward/trial.h"

namespace izar {

struct RigOptions {
    Scenario scenario;
    TrialPlan plan;
    int runs = 5;
    Impairment impairment;
    bool serve = false;   // do the trials that standard input asks for
    std::string message;  // --help: print this and end
};

// An error's text is to be printed as it is.
Result<RigOptions> parse_rig_options(int argc, char** argv);

}  // namespace izar
