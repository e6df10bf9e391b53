// busiest_source.h -- Of whom most connections are: where places run out, they go to whoever has fewest.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/base/ip_address.h"

namespace izar {

// One for all whom the same network lets in: an IPv4 address, the upper 64 bits of one of IPv6.
std::uint64_t source_of(const IpAddress& address);

// The one that occurs most often; of several the smallest. Not of nothing.
std::uint64_t busiest_source(std::vector<std::uint64_t> sources);

}  // namespace izar
