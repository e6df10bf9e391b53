// node_vips.h -- A service's VIPs at nodes: what they may be, and as what nodes are told of them.
//
// Thread: pure functions.
#pragma once

#include <span>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"

namespace izar {

// The service that nodes are told of for this VIP: the same in all but address and id.
Service service_at(const Service& service, const NodeVip& vip);

// The one with this address, or nullptr.
const NodeVip* find_vip(const std::vector<NodeVip>& node_vips, const IpAddress& address);

// Whether the address is the service's VIP, or its VIP at a node.
bool has_vip(const ServiceRecord& record, const IpAddress& address);

// Whether a service that is right by itself (check_service) can have them: at most one a node, no two alike, and each
// by the rules for VIPs. The error says what to give instead.
Result<void> check_node_vips(const Service& service, std::span<const NodeVip> node_vips);

}  // namespace izar
