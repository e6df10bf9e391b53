// resolve.h -- Where a client of a domain should enter the overlay: the ingresses, best first.
//
// Without a client's address the order is that of the weights. With one it is that of a weighted consistent hash over
// the address, so that many clients who take the first one spread as the weights say, and a client is told the same
// again while its ingress is there. Weights are the shares as nodes weigh egresses by them, parts of an equal share, so
// those of several regions may be compared.
//
// The address that is told with an ingress is one at which a client is served: the service's VIP at that node if it has
// one, else its VIP at every node.
//
// Thread: pure functions of their arguments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctrl/controller/desired_state.h"
#include "ctrl/controller/region_shares.h"

namespace izar {

struct Ingress {
    NodeId node = kNoNode;
    std::string name;
    std::string region;
    IpAddress address;
    bool own_vip = false;      // the address is this node's alone
    std::uint32_t weight = 0;  // in thousandths of the clients who are told this
};

struct ResolveQuery {
    std::string domain;
    std::string region;               // empty: all
    std::optional<IpAddress> client;  // orders the answer
};

struct Resolved {
    Service service;
    std::vector<Ingress> ingresses;  // that take clients in
};

// The error says that there is no such domain, that it leads to no service, that its service is not served, or that
// nobody takes clients in. Where a region has no ingress in use, those of all regions are told.
Result<Resolved> resolve(const DesiredState& desired, const RegionShares& shares, const ResolveQuery& query);

}  // namespace izar
