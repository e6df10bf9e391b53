// VIPs of services at nodes: rows of their own, which change with the service's row and have its version.
#include <fmt/format.h>

#include "ctrl/store/node_vips.h"
#include "ctrl/store/sql_store.h"
#include "dataplane/tables/service_rules.h"

namespace izar {
namespace {

// An address that is a living node's is answered by that node itself.
Result<void> check_nobodys(Transaction& transaction, const IpAddress& vip) {
    for (const NodeRecord& record :
         read_nodes(transaction, "WHERE address = ? AND state <> ?",
                    {vip.text(), std::int64_t{static_cast<std::uint8_t>(NodeState::revoked)}})) {
        FleetNode node{.id = record.id, .overlay_address = record.address};
        record.name.copy(node.name, sizeof node.name - 1);
        if (const auto conflict = vip_conflict(vip, {&node, 1}, {})) {
            return fail(*conflict);
        }
    }
    return {};
}

Result<void> check_node(Transaction& transaction, NodeId id) {
    const auto found = read_nodes(transaction, "WHERE node_id = ?", {std::int64_t{raw(id)}});
    if (found.empty() || found.front().state == NodeState::revoked) {
        return fail(fmt::format("a vip cannot be at node {}, which {}; `izar nodes` lists those that are", raw(id),
                                found.empty() ? "is not there" : "was revoked"));
    }
    return {};
}

}  // namespace

void read_node_vips(Transaction& transaction, std::string_view condition, const SqlValues& values,
                    std::vector<ServiceRecord>& services) {
    auto service = services.begin();
    for (const SqlRow& row :
         transaction.query(fmt::format("SELECT service_id, vip_id, node_id, address FROM izar_node_vips WHERE"
                                       " service_id IN (SELECT service_id FROM izar_services {})"
                                       " ORDER BY service_id, node_id",
                                       condition),
                           values)) {
        while (service != services.end() && raw(service->service.id) < row.integer(0)) {
            ++service;
        }
        const auto address = IpAddress::parse(row.text(3));
        // A row that somebody damaged by hand carries nothing.
        if (service != services.end() && raw(service->service.id) == row.integer(0) && address) {
            service->node_vips.push_back({.node = NodeId{static_cast<std::uint16_t>(row.integer(2))},
                                          .address = *address,
                                          .id = ServiceId{static_cast<std::uint32_t>(row.integer(1))}});
        }
    }
}

void write_node_vips(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& after) {
    for (const NodeVip& vip : before.node_vips) {
        if (find_vip(after.node_vips, vip.address) == nullptr) {
            transaction.run("node_vip_removed", "DELETE FROM izar_node_vips WHERE vip_id = ?",
                            {std::int64_t{raw(vip.id)}});
        }
    }
    for (const NodeVip& vip : after.node_vips) {
        const NodeVip* const old = find_vip(before.node_vips, vip.address);
        if (old == nullptr || *old != vip) {
            transaction.run("node_vip_written",
                            "INSERT INTO izar_node_vips (vip_id, service_id, node_id, address) VALUES (?, ?, ?, ?)" +
                                sql_on_conflict(transaction.dialect(), "vip_id") +
                                sql_take_incoming(transaction.dialect(), {"node_id"}),
                            {std::int64_t{raw(vip.id)}, std::int64_t{raw(after.service.id)},
                             std::int64_t{raw(vip.node)}, vip.address.text()});
        }
    }
}

Result<void> check_new_vips(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& after) {
    if (after.service.vip != before.service.vip) {
        if (auto free = check_nobodys(transaction, after.service.vip); !free) {
            return free;
        }
    }
    for (const NodeVip& vip : after.node_vips) {
        const NodeVip* const old = find_vip(before.node_vips, vip.address);
        if (auto free = old == nullptr ? check_nobodys(transaction, vip.address) : Result<void>{}; !free) {
            return free;
        }
    }
    return {};
}

Result<void> check_vip_nodes(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& after) {
    for (const NodeVip& vip : after.node_vips) {
        const NodeVip* const old = find_vip(before.node_vips, vip.address);
        const bool stays = old != nullptr && old->node == vip.node;
        if (auto there = stays ? Result<void>{} : check_node(transaction, vip.node); !there) {
            return there;
        }
    }
    return {};
}

}  // namespace izar
