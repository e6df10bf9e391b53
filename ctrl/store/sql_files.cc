// sql_files.cc -- Operators' files, taken up where they changed.
//
// izar_listed keeps each line of node-discovery.yaml as it was taken up. A line that stands there says nothing new, so
// what an operator did meanwhile with another command is left alone. A line that is in the file no more is forgotten:
// it is new when it comes back.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_store.h"

namespace izar {
namespace {

enum class Listed : std::uint8_t { node, domain };

// The lines of one kind, as they were taken up and as they are now.
class ListedLines {
  public:
    ListedLines(Transaction& transaction, Listed kind)
        : transaction_(transaction), kind_(std::int64_t{static_cast<std::uint8_t>(kind)}) {
        for (const SqlRow& row : transaction_.query("SELECT name, line FROM izar_listed WHERE kind = ?", {kind_})) {
            before_.emplace(row.text(0), row.text(1));
        }
    }

    // What was taken up under this name; null: nothing.
    const std::string* before(const std::string& name) const {
        const auto found = before_.find(name);
        return found == before_.end() ? nullptr : &found->second;
    }
    void put(const std::string& name, std::string line) { now_.insert_or_assign(name, std::move(line)); }

    // Writes what changed.
    void write() {
        for (const auto& [name, line] : now_) {
            const std::string* const old = before(name);
            if (old == nullptr || *old != line) {
                transaction_.run("line_written",
                                 "INSERT INTO izar_listed (kind, name, line) VALUES (?, ?, ?)" +
                                     sql_on_conflict(transaction_.dialect(), "kind, name") +
                                     sql_take_incoming(transaction_.dialect(), {"line"}),
                                 {kind_, name, line});
            }
        }
        for (const auto& [name, line] : before_) {
            if (!now_.contains(name)) {
                transaction_.run("line_forgotten", "DELETE FROM izar_listed WHERE kind = ? AND name = ?",
                                 {kind_, name});
            }
        }
    }

  private:
    Transaction& transaction_;
    SqlValue kind_;
    std::map<std::string, std::string> before_;
    std::map<std::string, std::string> now_;
};

// A node of this name and address was revoked, and none that lives has either.
bool is_revoked(const std::vector<NodeRecord>& nodes, const NodeDeclaration& declared) {
    bool revoked = false;
    for (const NodeRecord& node : nodes) {
        const bool same_name = node.name == declared.name;
        const bool same_address = node.address == declared.address;
        if (node.state != NodeState::revoked && (same_name || same_address)) {
            return false;
        }
        revoked = revoked || (same_name && same_address);
    }
    return revoked;
}

Result<std::vector<std::string>> take_nodes(Transaction& transaction, const std::vector<NodeDeclaration>& listed,
                                            WallTime now) {
    std::vector<std::string> revoked;
    ListedLines lines(transaction, Listed::node);
    const auto nodes = read_nodes(transaction, "", {});
    for (const NodeDeclaration& declared : listed) {
        const std::string line =
            fmt::format("{} {} {}", declared.region, declared.address.text(), declared.description);
        const std::string* const before = lines.before(declared.name);
        const bool says_nothing_new = before != nullptr && *before == line;
        const bool stays_revoked = (before == nullptr || says_nothing_new) && is_revoked(nodes, declared);
        if (stays_revoked) {
            revoked.push_back(declared.name);
        } else if (!says_nothing_new) {
            if (auto good = declare_node(transaction, declared, kNoNode, now); !good) {
                return tl::unexpected(good.error());
            }
        }
        lines.put(declared.name, line);
    }
    lines.write();
    return revoked;
}

Result<void> take_domains(Transaction& transaction, const Inventory& inventory, WallTime now) {
    std::map<std::string, IpAddress> listed;  // of two lines about one domain the last one counts
    for (const auto& [domain, origin_ip] : inventory.domains) {
        const auto name = checked_domain(domain);
        if (!name || origin_ip.is_unspecified()) {
            return fail(name ? fmt::format("domain {} needs an origin", domain) : name.error().text);
        }
        listed.insert_or_assign(*name, origin_ip);
    }
    ListedLines lines(transaction, Listed::domain);
    for (const auto& [name, origin_ip] : listed) {
        const std::string* const before = lines.before(name);
        if (before == nullptr || *before != origin_ip.text()) {
            if (auto taken = take_domain(transaction, name, origin_ip, now); !taken) {
                return taken;
            }
        }
        lines.put(name, origin_ip.text());
    }
    lines.write();
    lead_domains_without_service(transaction, LeadTo::namesake_or_only);
    return {};
}

}  // namespace

StoreResult<std::vector<std::string>> SqlStore::take_files(const OperatorFiles& files, WallTime now) {
    Transaction transaction = writing("take_files");
    Result<std::vector<std::string>> revoked;
    if (files.listed) {
        revoked = take_nodes(transaction, files.listed->nodes, now);
        const auto domains = revoked ? take_domains(transaction, *files.listed, now) : Result<void>{};
        if (!revoked || !domains) {
            return transaction.refuse(!revoked ? revoked.error().text : domains.error().text);
        }
    }
    for (const auto& [name, body] : files.documents) {
        if (const auto written = put_document(transaction, name, body); !written) {
            return transaction.refuse(written.error().text);
        }
    }
    return transaction.finish(*std::move(revoked));
}

}  // namespace izar
