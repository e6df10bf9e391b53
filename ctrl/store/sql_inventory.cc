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

void take_domain(Transaction& transaction, const std::string& domain, const IpAddress& origin_ip, WallTime now) {
    const auto old = read_domains(transaction, "WHERE domain = ?", {domain});
    if (!old.empty() && old.front().origin_ip == origin_ip) {
        return;
    }
    DomainRecord record = old.empty() ? DomainRecord{.domain = domain, .created_at = now} : old.front();
    record.origin_ip = origin_ip;
    record.version = transaction.next_version();
    write_domain(transaction, record);
}

struct PublicNode {
    std::int64_t id = 0;
    NodeDeclaration declared;
};

// Rows of node_region that izar_nodes lacks or contradicts.
std::vector<PublicNode> strange_nodes(Transaction& transaction) {
    std::vector<PublicNode> out;
    for (const SqlRow& row : transaction.query(
             "SELECT r.id, r.ip, r.region, r.hostname, r.description FROM node_region r LEFT JOIN izar_nodes n"
             " ON n.node_id = r.id WHERE n.node_id IS NULL OR n.region <> r.region OR n.address <> r.ip"
             " OR n.name <> r.hostname OR n.description <> COALESCE(r.description, '') ORDER BY r.id",
             {})) {
        NodeDeclaration declared{.name = row.text(3), .region = row.text(2), .description = row.text(4)};
        declared.address = IpAddress::parse(row.text(1)).value_or(IpAddress{});
        if (declared.name.empty()) {
            declared.name = fmt::format("node-{}", row.integer(0));
        }
        out.push_back({row.integer(0), std::move(declared)});
    }
    return out;
}

std::size_t adopt_domains(Transaction& transaction, WallTime now) {
    std::size_t taken = 0;
    for (const SqlRow& row :
         transaction.query("SELECT o.domain, o.origin_ip FROM domain_origin o LEFT JOIN izar_domains d"
                           " ON d.domain = o.domain WHERE d.domain IS NULL OR d.origin_ip <> o.origin_ip"
                           " ORDER BY o.domain",
                           {})) {
        const auto domain = checked_domain(row.text(0));
        const auto origin_ip = IpAddress::parse(row.text(1));
        if (domain && *domain == row.text(0) && origin_ip && !origin_ip->is_unspecified()) {
            take_domain(transaction, *domain, *origin_ip, now);
            ++taken;
        }
    }
    return taken;
}

}  // namespace

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
        take_domain(transaction, *name, origin_ip, now);
    }
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

StoreResult<std::size_t> SqlStore::adopt_public_rows(WallTime now) {
    Transaction transaction = writing("adopt_public_rows");
    std::size_t taken = 0;
    for (const auto& [id, declared] : strange_nodes(transaction)) {
        if (id < 1 || id > 65'535) {
            continue;  // no id that a packet could carry
        }
        // What cannot be taken up stays where it is, and changes nothing: there is nobody here to tell.
        const auto before = read_nodes(transaction, "WHERE node_id = ?", {id});
        const bool usable = before.empty() || before.front().state != NodeState::revoked;
        if (usable && declare_node(transaction, declared, NodeId{static_cast<std::uint16_t>(id)}, now)) {
            ++taken;
        }
    }
    taken += adopt_domains(transaction, now);
    return transaction.finish(taken);
}

}  // namespace izar
