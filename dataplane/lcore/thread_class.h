// thread_class.h -- How the kernel schedules an lcore that shares its core with other threads.
//
// Thread: each function acts on the thread that calls it, and on the session that its process leads.
//
// SCHED_OTHER at nice -10 with a slice of 0.2 ms: woken soon, preempted soon. With it keep-alives every
// 10 ms of six napping processes beside two saturated cores had no gap above 24 ms in 216,000; the
// default class had 34 above 30 ms in 90,000, and SCHED_RR kept others silent for up to 212 ms.
//
// Where the kernel shares cores between sessions first (sched_autogroup_enabled, sched(7)), a nice value counts inside
// a session only: a process started in one of its own would be as anybody else. So the session gets it too, if this
// process leads it; a session of others, such as a user's shell, is left as it is.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr int kLcoreNice = -10;
inline constexpr Nanos kLcoreSlice = std::chrono::microseconds{200};

// Sets all of it as far as the process may. An error names what was not set and what would allow it; the
// thread goes on as it was, so the caller logs the text and carries on.
Result<void> set_shared_core_class();

}  // namespace izar
