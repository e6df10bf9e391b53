// tsc_clock.h -- TscClock: the node clock read from the CPU's time stamp counter.
//
// Thread: constant after construction; any thread reads. All cores' counters run together (constant_tsc and
//         nonstop_tsc, which Linux verifies before it uses the TSC itself).
#pragma once

#include <x86intrin.h>

#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

__extension__ using Wide = unsigned __int128;

class TscClock {
  public:
    // `hertz` of the counter. Time 1 s is now, so that no instant of this process life is 0.
    explicit TscClock(std::uint64_t hertz) noexcept
        : hertz_(hertz), start_(__rdtsc() - hertz), scale_(((Wide{1'000'000'000} << 32) / hertz)) {}

    Instant now() const noexcept { return at(__rdtsc()); }
    Instant at(std::uint64_t cycles) const noexcept {
        const auto ns = (static_cast<Wide>(cycles - start_) * scale_) >> 32;
        return Instant{Nanos{static_cast<std::int64_t>(ns)}};
    }
    std::uint64_t hertz() const noexcept { return hertz_; }

  private:
    std::uint64_t hertz_;
    std::uint64_t start_;
    Wide scale_;  // nanoseconds per cycle, 32 fraction bits
};

}  // namespace izar
