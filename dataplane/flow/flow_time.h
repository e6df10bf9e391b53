// flow_time.h -- FlowTime: an Instant squeezed into 32 bits, in ticks of 65.536 microseconds.
//
// Thread: values only. A tick is a shift of nanoseconds, no division. The count wraps after 78 hours, so
// only differences of less than half of that mean anything; kLongestFlowTimeout keeps below it.
#pragma once

#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

inline constexpr unsigned kFlowTickShift = 16;  // nanoseconds to ticks

struct FlowTime {
    std::uint32_t ticks;

    static constexpr FlowTime of(Instant at) noexcept {
        return {static_cast<std::uint32_t>(at.time_since_epoch().count() >> kFlowTickShift)};
    }
    friend bool operator==(FlowTime, FlowTime) = default;
};

// Time from `since` to `now`, rounded to ticks; 0 if `since` is the later one.
constexpr Nanos elapsed(FlowTime since, FlowTime now) noexcept {
    const auto ticks = static_cast<std::int32_t>(now.ticks - since.ticks);
    return ticks <= 0 ? Nanos{0} : Nanos{std::int64_t{ticks} << kFlowTickShift};
}

inline constexpr Nanos kLongestFlowTimeout = std::chrono::hours{24};
static_assert(kLongestFlowTimeout.count() >> kFlowTickShift < 0x7FFFFFFF);

}  // namespace izar
