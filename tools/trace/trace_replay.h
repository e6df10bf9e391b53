// trace_replay.h -- A recorded trace through the scheduler itself, on the trace's own time: each decision, and why.
//
// Between two events the scheduler gets a round every 10 ms, its own rhythm of planning, so a decision may come up to
// that much earlier or later than it came on the node.
//
// Thread: one.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "sched/scheduler_view.h"

namespace izar {

// Another path, or none, is the one in use.
struct TraceDecision {
    Nanos at{};  // since the trace began
    std::string policy;
    std::string destination;
    std::vector<std::string> path;    // after it; empty: none
    std::vector<std::string> before;  // the same
    std::string why;
    std::vector<PathExplanation> candidates;  // as they were judged, cheapest first
};

struct TraceSummary {
    std::uint64_t events = 0;
    std::uint64_t missing = 0;  // that the recorder had no room for
    std::uint64_t decisions = 0;
    Nanos length{};
};

// The error names `name` and the line. Decisions before it have been told.
Result<TraceSummary> replay_trace(std::istream& trace, const std::string& name,
                                  const std::function<void(const TraceDecision&)>& tell);

// Some lines of text: the decision, then its candidates with their costs.
std::string text_of(const TraceDecision& decision);

}  // namespace izar
