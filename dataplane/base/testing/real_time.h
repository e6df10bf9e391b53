// real_time.h -- The time for tests of what waits for the kernel: sockets, timers, threads and other programs.
//
// Thread: any.
#pragma once

#include <chrono>

#include "dataplane/base/types.h"

namespace izar {

inline Instant real_now() {
    return Instant{std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace izar
