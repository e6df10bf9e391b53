// open_flow.h -- The slow path of the flow stage: the first packet of a flow.
//
// Thread: one lcore.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Opens a flow for a lane whose key is unknown and puts the lane on forward; or puts it on reset or
// exception, or sets a verdict. `hash` is that of `key` in the lcore's table.
template <typename Address>
void open_flow(Burst& burst, unsigned lane, const FlowKey<Address>& key, std::uint64_t hash, LcoreState& lcore,
               const Published& published, Instant now) noexcept;

// A lane whose key is unknown, and the key's hash in the lcore's table.
template <typename Address>
struct NewFlow {
    unsigned lane;
    FlowKey<Address> key;
    std::uint64_t hash;
};

// The same for all such lanes of a burst, at most kMaxBurst, with their cache misses under way at once.
template <typename Address>
void open_flows(Burst& burst, std::span<const NewFlow<Address>> flows, LcoreState& lcore, const Published& published,
                Instant now) noexcept;

}  // namespace izar
