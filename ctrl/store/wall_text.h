// wall_text.h -- WallTime as SQL writes it: "2026-03-29 01:30:00", UTC, whole seconds.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"

namespace izar {

// Years 1970 to 9999; fractions of a second are cut off.
std::string wall_text(WallTime time);

// A fraction behind the seconds is read to the millisecond. The error says what a time looks like.
Result<WallTime> parse_wall_time(std::string_view text);

inline WallTime whole_seconds(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace izar
