// fleet.h -- Fleet: every node that this one knows, as the lcores need them. Immutable once published.
//
// Built by the scheduler thread from the static part of a feed. Slots are dense; a slot keeps its node
// for as long as the node is in the fleet, so per-link state indexed by slot survives an update.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"

namespace izar {

struct FleetNode {
    NodeId id = kNoNode;        // kNoNode: the slot is free
    IpAddress overlay_address;  // where its overlay packets go; its family is the underlay of the link
    char name[kNameLength] = "";
    char region[kNameLength] = "";
};

struct Fleet {
    std::uint64_t version = 0;
    NodeSlot self = kNoSlot;
    std::vector<FleetNode> nodes;                                              // indexed by slot, at most kMaxNodes
    std::vector<NodeSlot> slot_of_id = std::vector<NodeSlot>(65536, kNoSlot);  // indexed by node id

    NodeSlot slot(NodeId id) const noexcept { return slot_of_id[raw(id)]; }
    const FleetNode& node(NodeSlot slot) const noexcept { return nodes[raw(slot)]; }
};

}  // namespace izar
