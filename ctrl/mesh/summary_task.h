// summary_task.h -- SummaryTask: one round's summary, to be made of a copy of what was measured.
//
// For 1,000 nodes it takes 0.3 s of a core, so it may be made by another thread than the one that gathers measurements:
// a task shares nothing that changes. Its links are 16 MiB then, and there is one copy of them.
//
// Thread: a value; make() is a pure function of it, and consumes it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sched/summary/link_features.h"
#include "sched/summary/mesh_summary.h"
#include "sched/summary/summarize.h"

namespace izar {

// A summary, and what is to be sent of it to receivers by the generation they hold. Those that hold none of them get
// generation 0's, the whole.
struct MadeSummary {
    std::uint64_t fleet = 0;  // of its task
    std::shared_ptr<const MeshSummary> summary;
    std::map<std::uint32_t, std::vector<std::uint8_t>> messages;
};

struct SummaryTask {
    std::uint64_t fleet = 0;       // counts sets of nodes
    std::uint32_t generation = 0;  // of the summary to be made
    SummaryRule rule;
    LinkFeatures links;                                    // as put_link() made them
    NodeFeatures loads;                                    // without features: none are known
    std::vector<std::shared_ptr<const MeshSummary>> held;  // that receivers may hold; the newest last

    MadeSummary make() &&;
};

}  // namespace izar
