// summary_channel.h -- One way of telling everybody about everybody's links, slice after slice: bytes and belief.
//
// The kinds that izar sends (knn, pruned, pruned-knn, pruned-backups) and the ones it is compared with: raw, a
// general compressor on raw, region medians alone, a per-link spanner, Arcturus' rule.
//
// Thread: one thread per channel. The clock is the caller's, for the times that are reported.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "sched/matrix.h"

namespace izar {

struct Told {
    std::size_t bytes = 0;
    RttMatrix believed;  // what receivers read
    Nanos encode{};      // from matrix to bytes
    Nanos decode{};      // from bytes to summary
};

using Clock = std::function<Instant()>;

class SummaryChannel {
  public:
    virtual ~SummaryChannel() = default;
    // Every slice has the same nodes.
    virtual Told tell(const RttMatrix& slice) = 0;
};

struct ChannelKind {
    std::string_view name;
    std::string_view what;
    bool bounded;  // paths chosen with it are within (1 + eps)
};
const std::vector<ChannelKind>& channel_kinds();

Result<std::unique_ptr<SummaryChannel>> make_channel(std::string_view kind, float eps, Clock clock);

// Bytes of sending every link of a matrix as two bytes, one triangle where it is symmetric.
std::size_t raw_bytes(const RttMatrix& slice);

}  // namespace izar
