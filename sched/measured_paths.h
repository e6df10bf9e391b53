// measured_paths.h -- MeasuredPaths: the RTT of whole paths, as probes along them showed it last.
//
// Thread: one thread (in izar-edge the scheduler thread); time is a parameter.
#pragma once

#include <map>
#include <optional>

#include "dataplane/base/types.h"
#include "probes/link_report.h"

namespace izar {

class MeasuredPaths {
  public:
    using Segments = std::array<NodeId, kMaxSegments>;
    static constexpr Nanos kLifetime = std::chrono::seconds{5};  // probes go once a second

    // Takes a report of kind `path`.
    void take(const LinkReport& report);
    // RTT of a path, if it was measured within kLifetime.
    std::optional<Nanos> rtt(const Segments& path, Instant now) const;

  private:
    static constexpr std::size_t kMostKept = 4 * kPathWatches * kMaxNodes;
    struct Sample {
        Nanos rtt;
        Instant at;
    };
    std::map<Segments, Sample> newest_;
};

}  // namespace izar
