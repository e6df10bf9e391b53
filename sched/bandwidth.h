// bandwidth.h -- Bandwidth: what goes out on a link, and what its node's uplink can carry.
//
// Used is measured by the node that sends; capacity is what the operator wrote in its edge.yaml, and is shared by all
// links of the node (docs/decisions/0028).
//
// Thread: values.
#pragma once

#include <cstdint>

#include "dataplane/base/bit_rate.h"

namespace izar {

struct Bandwidth {
    BitRate used = kNoRate;
    BitRate capacity = kNoRate;  // kNoRate: not known
    std::uint32_t count = 0;     // windows of TrafficWindow::kSpan behind `used`; 0: not measured
};

// 0 where the capacity is not known.
inline double percent_of_capacity(BitRate used, BitRate capacity) noexcept {
    return capacity == kNoRate ? 0 : 100 * static_cast<double>(raw(used)) / static_cast<double>(raw(capacity));
}

}  // namespace izar
