// open_flow.h -- The slow path of the flow stage: the first packet of a flow, or of a session.
//
// Thread: one lcore.
#pragma once

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// Opens a flow for a lane whose key is unknown and puts the lane on forward; or puts it on reset or
// exception, or sets a verdict. `hash` is that of `key` in the lcore's table.
template <typename Address>
void open_flow(Burst& burst, unsigned lane, const FlowKey<Address>& key, std::uint64_t hash, LcoreState& lcore,
               const Published& published, Instant now) noexcept;

// Gives a known flow a session on this node, because its packet came out of the overlay to this egress, or
// because this node has become its egress. The outcome stands on the lane as after open_flow(). A flow that cannot
// have a session stays as it was: other lanes of the burst may already hold a reference to it.
template <typename Address>
void open_session(Burst& burst, unsigned lane, FlowRef flow, LcoreState& lcore, const Published& published) noexcept;

// For a packet out of the overlay that is going to open a session: starts the way of the session's second key's likely
// place into the cache, so that the misses of a burst's new sessions are under way at once.
template <typename Address>
void fetch_session(const FlowKey<Address>& key, LcoreState& lcore, const Published& published) noexcept;

}  // namespace izar
