// arcturus.h -- The partition that the published system Arcturus uses, for comparison: gap clustering in one
// dimension.
//
// Values are sorted and cut where a gap exceeds median + 2.5 * MAD / .6745 of all gaps. A value outside two
// standard deviations, or outside 1.5 interquartile ranges, of the largest cluster is singular; the rest is sent
// as that cluster's mean. Without any singular value everything is sent as it is.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace izar {

struct ArcturusPartition {
    float group = 0;                      // mean of the main cluster
    std::vector<std::uint32_t> singular;  // indexes, ascending; none: all values travel raw
};

// Requires: at least one value, all finite.
ArcturusPartition partition_by_gaps(std::span<const float> values);

}  // namespace izar
