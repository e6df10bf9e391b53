// duration.h -- Durations as config files, command lines and the CLI write them: "10ms", "1.5s", "15m".
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

// A number, with a fraction if need be, and one of ns, us, ms, s, m, h; or "0". Exact to the nanosecond,
// never negative, and at most kLongestDuration.
inline constexpr Nanos kLongestDuration = std::chrono::hours{24 * 366};
Result<Nanos> parse_duration(std::string_view text);

// The same duration in its largest whole unit: 900 s is "15m", 1,500 ms is "1500ms". Requires >= 0.
std::string duration_text(Nanos duration);

}  // namespace izar
