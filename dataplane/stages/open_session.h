// open_session.h -- The slow path at an egress: the first packet of a session takes an origin and a NAT port.
//
// Thread: one lcore.
#pragma once

#include <optional>

#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/burst.h"
#include "dataplane/tables/published.h"

namespace izar {

// What a session of some client is to become. Holds as long as `published` does.
template <typename Address>
struct SessionPlan {
    const Origin* origin;                     // nullptr: the service has none that takes new sessions
    std::optional<HashedKey<Address>> first;  // its second key, if that is free; none without egress address
};

// Plans a session of `service` for a client-direction key, and starts the way of its second key's place into the cache:
// who plans all sessions of a burst before it opens the first has their misses under way at once.
template <typename Address>
SessionPlan<Address> plan_session(const FlowKey<Address>& key, const Service& service, LcoreState& lcore) noexcept;

// Gives the flow of a lane the session that was planned for it. The outcome stands on the lane as after open_flow(). A
// flow that cannot have a session stays as it was: other lanes of the burst may already hold a reference to it.
template <typename Address>
void open_session(Burst& burst, unsigned lane, FlowRef flow, const SessionPlan<Address>& plan, LcoreState& lcore,
                  const Published& published) noexcept;

// The same for a flow that is older than this packet: this node has become its egress.
template <typename Address>
void open_session(Burst& burst, unsigned lane, FlowRef flow, LcoreState& lcore, const Published& published) noexcept;

// Why a lane cannot have a flow or a session: TCP packets are answered by RST, so that the client need not wait.
template <typename Address>
void refuse(Burst& burst, unsigned lane, Verdict why) noexcept;

}  // namespace izar
