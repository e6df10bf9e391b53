// static_data.h -- StaticData: what a node must know that changes only when somebody changes it.
//
// The controller makes one for each node (its own link secrets are in it); the agent keeps it on disk, so that a node
// starts without a controller; izar-edge gets it through the ring.
//
// Thread: values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"

namespace izar {

namespace control {
class LinkSecret;
class StaticUpdate;
}  // namespace control

using LinkSecret = std::array<std::uint8_t, 32>;

struct StaticData {
    std::uint64_t version = 0;  // 0: none yet
    std::uint64_t store = 0;    // number of the store that the version is of; 0: not known
    std::map<NodeId, FleetNode> nodes;
    std::map<ServiceId, Service> services;
    std::map<NodeId, LinkSecret> secrets;         // of the links to these nodes
    std::map<NodeId, LinkSecret> former_secrets;  // of those links where one end may not have the one of `secrets` yet
    std::string routing_policy;                   // text of routing-policy.yaml; empty: the node's own counts
};

// `former`: null if there is none.
control::LinkSecret secret_message(NodeId peer, const LinkSecret& secret, const LinkSecret* former);
// Everything, as one update to whoever has whatever.
control::StaticUpdate whole_update(const StaticData& data);
// What leads from one to the other. Requires from.version < to.version.
control::StaticUpdate update_between(const StaticData& from, const StaticData& to);
// Applies all of it or nothing. The error says that the update does not fit (ask for a whole one), or what part of it
// is out of range.
Result<void> apply_update(const control::StaticUpdate& update, StaticData& data);

}  // namespace izar
