#include <fmt/format.h>

#include <algorithm>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_store.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

Result<void> check_declaration(const NodeDeclaration& declared) {
    if (auto good = check_name("node", declared.name); !good) {
        return good;
    }
    if (auto good = check_name("region", declared.region); !good) {
        return good;
    }
    if (declared.address.is_unspecified()) {
        return fail(fmt::format("node {} needs an address", declared.name));
    }
    return check_text("the description of node " + declared.name, declared.description, kMaxDescription);
}

bool says_the_same(const NodeRecord& node, const NodeDeclaration& declared) {
    return node.name == declared.name && node.region == declared.region && node.address == declared.address &&
           node.description == declared.description;
}

// Names and addresses are each one node's.
Result<void> check_rivals(const std::vector<NodeRecord>& alike, const NodeDeclaration& declared, NodeId id) {
    for (const NodeRecord& other : alike) {
        if (other.id != id) {
            return fail(fmt::format("node {} ({}): name or address are those of node {} ({}, {})", declared.name,
                                    declared.address.text(), raw(other.id), other.name, other.address.text()));
        }
    }
    return {};
}

struct PublicNode {
    std::int64_t id = 0;
    std::string address;  // as it stands there
    NodeDeclaration declared;
};

// Rows of node_region that izar_nodes lacks or contradicts; a node that was revoked has none.
std::vector<PublicNode> strange_nodes(Transaction& transaction) {
    std::vector<PublicNode> out;
    for (const SqlRow& row : transaction.query(
             "SELECT r.id, r.ip, r.region, r.hostname, r.description FROM node_region r LEFT JOIN izar_nodes n"
             " ON n.node_id = r.id WHERE n.node_id IS NULL OR n.region <> r.region OR n.address <> r.ip"
             " OR n.name <> r.hostname OR n.description <> COALESCE(r.description, '') OR n.state = ? ORDER BY r.id",
             {std::int64_t{static_cast<std::uint8_t>(NodeState::revoked)}})) {
        NodeDeclaration declared{.name = row.text(3), .region = row.text(2), .description = row.text(4)};
        declared.address = IpAddress::parse(row.text(1)).value_or(IpAddress{});
        if (declared.name.empty()) {
            declared.name = fmt::format("node-{}", row.integer(0));
        }
        out.push_back({row.integer(0), row.text(1), std::move(declared)});
    }
    return out;
}

Result<void> adopt_node(Transaction& transaction, const PublicNode& row, WallTime now) {
    if (row.id < 1 || row.id > 65'535) {
        return fail("the id of a node is a number from 1 to 65535");
    }
    if (row.declared.address.is_unspecified()) {
        return fail("ip is no address; write it like 192.0.2.1 or 2001:db8::1");
    }
    const auto before = read_nodes(transaction, "WHERE node_id = ?", {row.id});
    if (!before.empty() && before.front().state == NodeState::revoked) {
        return fail("this node was revoked, and ids are never given again; leave the id out");
    }
    return declare_node(transaction, row.declared, NodeId{static_cast<std::uint16_t>(row.id)}, now);
}

void adopt_nodes(Transaction& transaction, WallTime now, AdoptedRows& out) {
    for (const PublicNode& row : strange_nodes(transaction)) {
        if (auto good = adopt_node(transaction, row, now); !good) {
            out.refused.push_back(
                fmt::format("node_region, id {} ({}): {}", row.id, shown(row.address), good.error().text));
            continue;
        }
        // In our spelling, so that the row is no stranger in the next look.
        transaction.run("region_row_spelled", "UPDATE node_region SET ip = ?, hostname = ? WHERE id = ?",
                        {row.declared.address.text(), row.declared.name, row.id});
        ++out.taken;
    }
}

Result<void> adopt_domain(Transaction& transaction, const std::string& written, const std::string& origin,
                          WallTime now) {
    const auto domain = checked_domain(written);
    if (!domain) {
        return tl::unexpected(domain.error());
    }
    if (*domain != written) {
        return fail("write it as " + *domain);
    }
    const auto origin_ip = IpAddress::parse(origin);
    if (!origin_ip || origin_ip->is_unspecified()) {
        return fail(fmt::format("origin_ip '{}' is no address; write it like 192.0.2.1 or 2001:db8::1", shown(origin)));
    }
    if (auto taken = take_domain(transaction, *domain, *origin_ip, now); !taken) {
        return taken;
    }
    transaction.run("origin_row_spelled", "UPDATE domain_origin SET origin_ip = ? WHERE domain = ?",
                    {origin_ip->text(), *domain});
    return {};
}

void adopt_domains(Transaction& transaction, WallTime now, AdoptedRows& out) {
    for (const SqlRow& row :
         transaction.query("SELECT o.domain, o.origin_ip FROM domain_origin o LEFT JOIN izar_domains d"
                           " ON d.domain = o.domain WHERE d.domain IS NULL OR d.origin_ip <> o.origin_ip"
                           " ORDER BY o.domain",
                           {})) {
        if (auto good = adopt_domain(transaction, row.text(0), row.text(1), now); !good) {
            out.refused.push_back(fmt::format("domain_origin, {}: {}", shown(row.text(0)), good.error().text));
        } else {
            ++out.taken;
        }
    }
}

}  // namespace

Result<void> take_domain(Transaction& transaction, const std::string& domain, const IpAddress& origin_ip,
                         WallTime now) {
    const auto old = read_domains(transaction, "WHERE domain = ?", {domain});
    if (!old.empty() && old.front().origin_ip == origin_ip) {
        return {};
    }
    DomainRecord record = old.empty() ? DomainRecord{.domain = domain, .created_at = now} : old.front();
    record.origin_ip = origin_ip;
    if (!record.service.empty()) {
        if (auto led = service_to_lead(transaction, record, record.service); !led) {
            return fail(led.error().text);
        }
    }
    record.version = transaction.next_version();
    write_domain(transaction, record);
    return {};
}

Result<void> declare_node(Transaction& transaction, const NodeDeclaration& declared, NodeId wanted, WallTime now) {
    if (auto good = check_declaration(declared); !good) {
        return good;
    }
    const SqlValue revoked = std::int64_t{static_cast<std::uint8_t>(NodeState::revoked)};
    const auto alike = read_nodes(transaction, "WHERE (node_id = ? OR address = ? OR name = ?) AND state <> ?",
                                  {std::int64_t{raw(wanted)}, declared.address.text(), declared.name, revoked});
    // A node is known by its id or, if the line gives none, by its address.
    const auto same = std::find_if(alike.begin(), alike.end(), [&](const NodeRecord& other) {
        return wanted != kNoNode ? other.id == wanted : other.address == declared.address;
    });
    const bool known = same != alike.end();
    NodeRecord node = known ? *same : NodeRecord{.id = wanted, .created_at = now};
    if (auto good = check_rivals(alike, declared, node.id); !good) {
        return good;
    }
    if (known && says_the_same(node, declared)) {
        return {};
    }
    if (node.state == NodeState::joined && node.address != declared.address) {
        return fail(fmt::format("node {} ({}) has joined from {}; revoke it before it moves to {}", raw(node.id),
                                node.name, node.address.text(), declared.address.text()));
    }
    if (node.id == kNoNode) {
        node.id = next_node_id(transaction).value_or(kNoNode);
    }
    const auto count = transaction.query("SELECT COUNT(*) FROM izar_nodes WHERE state <> ?", {revoked});
    const bool full = !count.empty() && count.front().integer(0) >= static_cast<std::int64_t>(kMaxNodes);
    if (node.id == kNoNode || (!known && full)) {
        return fail(fmt::format("node {}: the fleet has {} nodes, the most there can be", declared.name, kMaxNodes));
    }
    const auto tokens =
        transaction.query("SELECT token_id FROM izar_nodes WHERE node_id = ?", {std::int64_t{raw(node.id)}});
    node.name = declared.name;
    node.region = declared.region;
    node.address = declared.address;
    node.description = declared.description;
    node.version = transaction.next_version();
    write_node(transaction, node, tokens.empty() ? "" : tokens.front().text(0));
    return {};
}

StoreResult<void> SqlStore::import_inventory(const Inventory& inventory, WallTime now) {
    Transaction transaction = writing("import_inventory");
    for (const NodeDeclaration& declared : inventory.nodes) {
        if (auto good = declare_node(transaction, declared, kNoNode, now); !good) {
            return transaction.refuse(good.error().text);
        }
    }
    for (const auto& [domain, origin_ip] : inventory.domains) {
        const auto name = checked_domain(domain);
        if (!name || origin_ip.is_unspecified()) {
            return transaction.refuse(name ? fmt::format("domain {} needs an origin", domain) : name.error().text);
        }
        if (auto taken = take_domain(transaction, *name, origin_ip, now); !taken) {
            return transaction.refuse(taken.error().text);
        }
    }
    lead_domains_without_service(transaction, LeadTo::namesake_or_only);
    for (const SystemInfo& sample : inventory.system_info) {
        insert_system_info(transaction, sample, now);
    }
    for (const RegionProbe& probe : inventory.region_probes) {
        insert_region_probe(transaction, probe);
    }
    for (const LinkMetric& metric : inventory.link_metrics) {
        put_link_metric(transaction, metric);
    }
    return transaction.finish();
}

StoreResult<AdoptedRows> SqlStore::adopt_public_rows(WallTime now) {
    Transaction transaction = writing("adopt_public_rows");
    AdoptedRows out;
    adopt_nodes(transaction, now, out);
    adopt_domains(transaction, now, out);
    if (out.taken > 0) {
        lead_domains_without_service(transaction, LeadTo::namesake_or_only);
    }
    return transaction.finish(std::move(out));
}

}  // namespace izar
