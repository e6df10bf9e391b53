// scheduler_nap.h -- How long the scheduler thread naps between two rounds while there is nothing to do.
//
// They grow while nothing happens: at 200 us each the thread took 2.7 % of a core from an idle node. What cannot wait
// for it, lcores do by themselves (a dead link is left by its flag).
//
// Thread: constants.
#pragma once

#include "dataplane/base/types.h"

namespace izar {

inline constexpr Nanos kSchedulerNap = std::chrono::microseconds{200};     // the first, after a round that worked
inline constexpr Nanos kSchedulerNapStep = std::chrono::microseconds{50};  // each next one is longer
inline constexpr Nanos kLongestSchedulerNap = std::chrono::microseconds{500};

}  // namespace izar
