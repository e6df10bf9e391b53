// published.h -- What the scheduler thread hands to the lcores: one root, swapped by one pointer.
//
// The root and everything it points to is immutable from publish() on. Publisher keeps a part alive
// until no lcore can still read it (QSBR). This header needs no DPDK; publisher.h holds the mechanism.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/tables/fleet.h"
#include "dataplane/tables/route_table.h"
#include "dataplane/tables/service_table.h"
#include "dataplane/wire/control.h"

namespace izar {

// This node's own measurements, as keep-alives tell them to the peers.
struct OwnRow {
    std::uint64_t version = 0;  // a new version is sent at once, the same one repeated once a second
    std::vector<RowItem> items;
};

struct Published {
    std::uint64_t generation = 0;
    const RouteTable* routes = nullptr;  // owned by the Publisher's pool
    std::shared_ptr<const Fleet> fleet;
    std::shared_ptr<const ServiceTable> services;
    std::shared_ptr<const OwnRow> own_row;
};

}  // namespace izar
