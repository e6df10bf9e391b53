// explain.h -- Why a path is the one in use: every candidate with the terms of its cost.
//
// Thread: that of the scheduler whose state is read. About a millisecond for 1,024 nodes, for an operator's question.
#pragma once

#include "dataplane/base/types.h"
#include "sched/scheduler_view.h"

namespace izar {

class Scheduler;

inline constexpr std::size_t kMaxCandidates = 16;  // told, of all

// Candidates from one node to another under a policy: the direct link, every path over one relay and the best over two,
// cheapest first. For another node than the own one it is what that node would choose by what is known here.
Explanation explain(const Scheduler& scheduler, const SchedulerView::Question& question, Instant now);

}  // namespace izar
