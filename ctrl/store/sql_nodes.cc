#include <fmt/format.h>

#include <algorithm>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_store.h"
#include "ctrl/store/token.h"
#include "ctrl/store/wall_text.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

constexpr std::int64_t kLastNodeId = 65'535;
constexpr std::string_view kDenied = "the token is unknown, expired, used up or withdrawn; make a new one";

SqlValue state_value(NodeState state) {
    return std::int64_t{static_cast<std::uint8_t>(state)};
}

std::optional<NodeRecord> first_node(Transaction& transaction, std::string_view condition, const SqlValues& values) {
    auto found = read_nodes(transaction, condition, values);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

struct StoredToken {
    bool usable = false;  // not expired, not used up
    std::string region;
};

// What the token's row says, if the row is there, the secret is right and nobody withdrew it.
std::optional<StoredToken> find_token(Transaction& transaction, const TokenParts& parts, WallTime now) {
    const auto rows = transaction.query(
        "SELECT secret_digest, region, expires_ms, uses_left, withdrawn FROM izar_tokens WHERE token_id = ?",
        {parts.id});
    // An unknown id is compared too, so that how long it takes says nothing.
    const Digest expected = rows.empty() ? Digest{} : parse_digest(rows.front().text(0));
    const bool right = same_digest(expected, parts.secret_hash);
    if (rows.empty() || !right || rows.front().integer(4) != 0) {
        return std::nullopt;
    }
    const SqlRow& row = rows.front();
    return StoredToken{.usable = now < loaded(row.integer(2)) && row.integer(3) > 0, .region = row.text(1)};
}

// The node with this address that may become this one: declared, or nothing.
Result<std::optional<NodeRecord>> claimable(Transaction& transaction, const JoinRequest& request,
                                            const std::string& region) {
    const SqlValues living{request.address.text(), request.name, state_value(NodeState::revoked)};
    std::optional<NodeRecord> declared;
    for (NodeRecord& node : read_nodes(transaction, "WHERE (address = ? OR name = ?) AND state <> ?", living)) {
        if (node.state == NodeState::joined) {
            return fail(
                fmt::format("node {} ({}, {}) is there already; 'izar node revoke {}' first if this one is to "
                            "take its place",
                            raw(node.id), node.name, node.address.text(), raw(node.id)));
        }
        if (node.address != request.address) {
            return fail(fmt::format("the name {} is declared for {}, not {}; join from there or give another name",
                                    node.name, node.address.text(), request.address.text()));
        }
        if (node.region != region) {
            return fail(fmt::format("node {} is declared for region {}, the token is for {}; make a token for {}",
                                    node.name, node.region, region, node.region));
        }
        declared = std::move(node);
    }
    return declared;
}

Result<void> check_request(const JoinRequest& request) {
    if (request.address.is_unspecified()) {
        return fail("a node needs an address that other nodes can reach");
    }
    return check_name("node", request.name);
}

Result<void> room_for_node(Transaction& transaction) {
    const auto rows =
        transaction.query("SELECT COUNT(*) FROM izar_nodes WHERE state <> ?", {state_value(NodeState::revoked)});
    if (!rows.empty() && rows.front().integer(0) >= static_cast<std::int64_t>(kMaxNodes)) {
        return fail(fmt::format("the fleet has {} nodes, the most there can be; revoke one first", kMaxNodes));
    }
    return {};
}

// The smallest id that was never given, where the greatest was: a declaration may ask for any.
std::optional<NodeId> smallest_free_id(Transaction& transaction) {
    std::int64_t free = 1;
    for (const SqlRow& row : transaction.query("SELECT node_id FROM izar_nodes UNION SELECT id FROM node_region"
                                               " WHERE id BETWEEN 1 AND ? ORDER BY 1",
                                               {kLastNodeId})) {
        if (row.integer(0) > free) {
            break;
        }
        free = row.integer(0) + 1;
    }
    return free <= kLastNodeId ? std::optional(NodeId{static_cast<std::uint16_t>(free)}) : std::nullopt;
}

}  // namespace

std::vector<NodeRecord> read_nodes(Transaction& transaction, std::string_view condition, const SqlValues& values) {
    std::vector<NodeRecord> out;
    for (const SqlRow& row :
         transaction.query(fmt::format("SELECT node_id, state, drained, name, region, address, description, key_digest,"
                                       " created_ms, revoked_ms, seen_ms, version FROM izar_nodes {} ORDER BY node_id",
                                       condition),
                           values)) {
        NodeRecord node;
        node.id = NodeId{static_cast<std::uint16_t>(row.integer(0))};
        node.state = static_cast<NodeState>(row.integer(1));
        node.drained = row.integer(2) != 0;
        node.name = row.text(3);
        node.region = row.text(4);
        node.address = IpAddress::parse(row.text(5)).value_or(IpAddress{});
        node.description = row.text(6);
        node.key = parse_digest(row.text(7));
        node.created_at = loaded(row.integer(8));
        node.revoked_at = loaded(row.integer(9));
        node.seen_at = loaded(row.integer(10));
        node.version = StaticVersion{static_cast<std::uint64_t>(row.integer(11))};
        out.push_back(std::move(node));
    }
    return out;
}

void write_node(Transaction& transaction, const NodeRecord& node, const std::string& token_id) {
    const SqlValue id = std::int64_t{raw(node.id)};
    transaction.run(
        "node_written",
        "INSERT INTO izar_nodes (node_id, state, drained, name, region, address, description, key_digest, token_id,"
        " created_ms, revoked_ms, seen_ms, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" +
            sql_on_conflict(transaction.dialect(), "node_id") +
            sql_take_incoming(transaction.dialect(),
                              {"state", "drained", "name", "region", "address", "description", "key_digest", "token_id",
                               "created_ms", "revoked_ms", "seen_ms", "version"}),
        {id, state_value(node.state), std::int64_t{node.drained}, node.name, node.region, node.address.text(),
         node.description, digest_text(node.key), token_id, stored(node.created_at), stored(node.revoked_at),
         stored(node.seen_at), static_cast<std::int64_t>(node.version)});
    transaction.run("region_row_written",
                    "INSERT INTO node_region (id, ip, region, hostname, description, created_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)" +
                        sql_on_conflict(transaction.dialect(), "id") +
                        sql_take_incoming(transaction.dialect(), {"ip", "region", "hostname", "description"}),
                    {id, node.address.text(), node.region, node.name, node.description, wall_text(node.created_at)});
}

std::optional<NodeId> next_node_id(Transaction& transaction) {
    // Somebody may have written any id into node_region; what is no node's id does not count.
    const auto rows = transaction.query(
        "SELECT MAX(last) FROM (SELECT MAX(node_id) AS last FROM izar_nodes UNION ALL SELECT MAX(id) FROM node_region"
        " WHERE id BETWEEN 1 AND ?) AS ids",
        {kLastNodeId});
    const std::int64_t last = rows.empty() ? 0 : rows.front().integer(0);
    if (last < kLastNodeId) {
        return NodeId{static_cast<std::uint16_t>(last + 1)};
    }
    return smallest_free_id(transaction);
}

StoreResult<NodeRecord> SqlStore::join(const JoinRequest& request, WallTime now) {
    const auto parts = parse_token(request.token);
    const auto good = check_request(request);
    Transaction transaction = writing("join");
    if (!parts) {
        return transaction.deny(parts.error().text);
    }
    const auto token = find_token(transaction, *parts, now);
    if (!token) {
        return transaction.deny(std::string(kDenied));
    }
    // The same node again: its first answer got lost.
    if (auto same = first_node(transaction, "WHERE token_id = ? AND key_digest = ? AND state = ?",
                               {parts->id, digest_text(request.key), state_value(NodeState::joined)})) {
        return transaction.finish(std::move(*same));
    }
    // Whoever was thrown out does not come back with what is left of a token, only with a new key that somebody let in.
    const bool thrown_out = first_node(transaction, "WHERE key_digest = ? AND state = ?",
                                       {digest_text(request.key), state_value(NodeState::revoked)})
                                .has_value();
    if (!token->usable || thrown_out) {
        return transaction.deny(std::string(kDenied));
    }
    auto declared = good ? claimable(transaction, request, token->region) : tl::unexpected(good.error());
    const auto room = declared && !*declared ? room_for_node(transaction) : Result<void>{};
    if (!declared || !room) {
        return transaction.refuse(declared ? room.error().text : declared.error().text);
    }
    const auto id = *declared ? (*declared)->id : next_node_id(transaction);
    if (!id) {
        return transaction.refuse(
            "all 65535 node ids were given; revoked ids are never given again, so start a new "
            "store");
    }
    NodeRecord node = declared->value_or(NodeRecord{.created_at = now});
    node.id = *id;
    node.state = NodeState::joined;
    node.name = request.name;
    node.region = token->region;
    node.address = request.address;
    node.key = request.key;
    node.version = transaction.next_version();
    transaction.run("use_taken", "UPDATE izar_tokens SET uses_left = uses_left - 1 WHERE token_id = ?", {parts->id});
    write_node(transaction, node, parts->id);
    return transaction.finish(std::move(node));
}

StoreResult<void> SqlStore::revoke_node(NodeId id, WallTime now) {
    Transaction transaction = writing("revoke_node");
    const SqlValue number = std::int64_t{raw(id)};
    const auto found = first_node(transaction, "WHERE node_id = ?", {number});
    if (!found) {
        return transaction.refuse(fmt::format("there is no node {}; 'izar nodes' lists them", raw(id)),
                                  StoreFault::missing);
    }
    if (found->state == NodeState::revoked) {
        return transaction.finish();
    }
    const auto version = static_cast<std::int64_t>(transaction.next_version());
    transaction.run("node_revoked", "UPDATE izar_nodes SET state = ?, revoked_ms = ?, version = ? WHERE node_id = ?",
                    {state_value(NodeState::revoked), stored(now), version, number});
    // The address is free for another node from here on; the id is not.
    transaction.run("region_row_removed", "DELETE FROM node_region WHERE id = ?", {number});
    return transaction.finish();
}

StoreResult<void> SqlStore::mark_seen(std::span<const NodeId> nodes, WallTime now) {
    Transaction transaction = writing("mark_seen");
    for (const NodeId id : nodes) {
        const SqlValue number = std::int64_t{raw(id)};
        if (!first_node(transaction, "WHERE node_id = ? AND state = ? AND seen_ms = 0",
                        {number, state_value(NodeState::joined)})) {
            continue;
        }
        const auto version = static_cast<std::int64_t>(transaction.next_version());
        transaction.run("seen_marked", "UPDATE izar_nodes SET seen_ms = ?, version = ? WHERE node_id = ?",
                        {stored(now), version, number});
    }
    return transaction.finish();
}

StoreResult<void> SqlStore::set_drained(NodeId id, bool drained, WallTime /*now*/) {
    Transaction transaction = writing("set_drained");
    const SqlValue number = std::int64_t{raw(id)};
    const auto found = first_node(transaction, "WHERE node_id = ?", {number});
    if (!found || found->state == NodeState::revoked) {
        return transaction.refuse(fmt::format("there is no node {} to drain; 'izar nodes' lists them", raw(id)),
                                  StoreFault::missing);
    }
    if (found->drained != drained) {
        const auto version = static_cast<std::int64_t>(transaction.next_version());
        transaction.run("drain_set", "UPDATE izar_nodes SET drained = ?, version = ? WHERE node_id = ?",
                        {std::int64_t{drained}, version, number});
    }
    return transaction.finish();
}

StoreResult<std::optional<NodeRecord>> SqlStore::node(NodeId id) {
    Transaction transaction = reading();
    auto found = first_node(transaction, "WHERE node_id = ?", {std::int64_t{raw(id)}});
    return transaction.finish(std::move(found));
}

StoreResult<std::vector<NodeRecord>> SqlStore::nodes() {
    Transaction transaction = reading();
    auto all = read_nodes(transaction, "", {});
    return transaction.finish(std::move(all));
}

}  // namespace izar
