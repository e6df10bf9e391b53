// full_fleet.h -- What the largest fleet measures and serves: the input of benchmarks of its tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/tables/service_table.h"

namespace izar {

// RTTs of all links, [from * kMaxNodes + to] by slot, 0 from a node to itself. Nodes lie on a plane of 200 ms, links
// are 1 to 2.5 times as slow as the distance says, so that relays pay. The same in every call.
std::vector<std::chrono::microseconds> full_mesh();

// kMaxServices over 64 sets of egress nodes and as many of origins; the node in slot s has the id s + 1. The first
// has the id kMaxServices + version, so that no two versions are the same.
std::vector<Service> full_services(std::uint32_t version);

}  // namespace izar
