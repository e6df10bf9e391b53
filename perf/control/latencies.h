// latencies.h -- What a row says of many latencies.
//
// Thread: pure function.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace izar {

// The value that `share` (0..1) of all are below; null if there are none.
inline nlohmann::json percentile(std::vector<double> values, double share) {
    if (values.empty()) {
        return nullptr;
    }
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

}  // namespace izar
