// shortage_log.h -- ShortageLog: says in the log that a fixed memory is full, once, and then no more than now and then.
//
// Thread: the main thread; time is a parameter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/lcore/counters.h"

namespace izar {

class ShortageLog {
  public:
    // A shortage that lasts is told again after this long, with what it cost meanwhile.
    static constexpr Nanos kSilence = std::chrono::minutes{1};

    // Lines to log, given what all lcores have counted since the process began. Each says what is full, how many
    // packets that cost since its last line, and what to change.
    std::vector<std::string> look(const LcoreCounters& counted, Instant now);

  private:
    struct Told {
        std::uint64_t count = 0;
        std::optional<Instant> at;
    };
    static constexpr std::size_t kKinds = 4;
    std::array<Told, kKinds> told_{};
};

}  // namespace izar
