// thread_class.h -- How the kernel schedules an lcore that shares its core with other threads.
//
// Thread: each function acts on the thread that calls it.
//
// SCHED_OTHER at nice -10 with a slice of 0.2 ms: woken soon, preempted soon. With it keep-alives every
// 10 ms of six napping processes beside two saturated cores had no gap above 24 ms in 216,000; the
// default class had 34 above 30 ms in 90,000, and SCHED_RR kept others silent for up to 212 ms.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr int kLcoreNice = -10;
inline constexpr Nanos kLcoreSlice = std::chrono::microseconds{200};

// Sets both as far as the process may. An error names what was not set and what would allow it; the
// thread goes on as it was, so the caller logs the text and carries on.
Result<void> set_shared_core_class();

}  // namespace izar
