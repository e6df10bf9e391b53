// whole_units.h -- Durations as the ring has them: 32-bit counts of a unit.
//
// Thread: pure function.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

// Rounded down, and to the nearest of what 32 bits hold.
template <typename Unit>
std::uint32_t whole(Nanos time) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time / Unit{1}, 0, 0xFFFFFFFF));
}

}  // namespace izar
