// options.h -- The command line of izar-perf-forward.
//
// Thread: main.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "perf/forward/trial.h"

namespace izar {

struct RigOptions {
    Scenario scenario;
    TrialPlan plan;
    int runs = 5;
    bool reconf = false;  // measure route rewrites beside a fixed load instead of the highest load
    std::string message;  // --help: print this and end
};

// An error's text is to be printed as it is.
Result<RigOptions> parse_rig_options(int argc, char** argv);

}  // namespace izar
