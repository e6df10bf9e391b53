#include <charconv>

#include "ctrl/store/sql_store.h"

namespace izar {
namespace {

std::vector<std::string> read_removals(Transaction& transaction, Removed kind, StaticVersion known) {
    std::vector<std::string> out;
    for (const SqlRow& row :
         transaction.query("SELECT name FROM izar_removals WHERE kind = ? AND version > ? ORDER BY version, name",
                           {std::int64_t{static_cast<std::uint8_t>(kind)}, static_cast<std::int64_t>(known)})) {
        out.push_back(row.text(0));
    }
    return out;
}

ServiceId service_id(const std::string& text) {
    std::uint32_t id = 0;
    std::from_chars(text.data(), text.data() + text.size(), id);
    return ServiceId{id};
}

}  // namespace

void mark_removed(Transaction& transaction, Removed kind, const std::string& name, WallTime now) {
    const auto version = static_cast<std::int64_t>(transaction.next_version());
    transaction.run("removal_marked",
                    "INSERT INTO izar_removals (kind, name, removed_ms, version) VALUES (?, ?, ?, ?)" +
                        sql_on_conflict(transaction.dialect(), "kind, name") +
                        sql_take_incoming(transaction.dialect(), {"removed_ms", "version"}),
                    {std::int64_t{static_cast<std::uint8_t>(kind)}, name, stored(now), version});
}

void unmark_removed(Transaction& transaction, Removed kind, const std::string& name) {
    transaction.run("removal_unmarked", "DELETE FROM izar_removals WHERE kind = ? AND name = ?",
                    {std::int64_t{static_cast<std::uint8_t>(kind)}, name});
}

StoreResult<StaticChanges> SqlStore::changes_since(StaticVersion known) {
    Transaction transaction = reading();
    StaticChanges changes;
    changes.version = StaticVersion{read_state(transaction, kVersionState, false)};
    const StaticVersion forgotten{read_state(transaction, kForgottenState, false)};
    if (known == changes.version) {
        return transaction.finish(std::move(changes));
    }
    changes.whole = known == StaticVersion{0} || known < forgotten || known > changes.version;
    const StaticVersion from = changes.whole ? StaticVersion{0} : known;
    const SqlValues after{static_cast<std::int64_t>(from)};
    constexpr std::string_view kNewer = "WHERE version > ?";
    changes.nodes = read_nodes(transaction, kNewer, after);
    changes.services = read_services(transaction, kNewer, after);
    changes.domains = read_domains(transaction, kNewer, after);
    changes.documents = read_documents(transaction, kNewer, after);
    if (!changes.whole) {
        for (const std::string& id : read_removals(transaction, Removed::service, known)) {
            changes.removed_services.push_back(service_id(id));
        }
        changes.removed_domains = read_removals(transaction, Removed::domain, known);
        changes.removed_documents = read_removals(transaction, Removed::document, known);
    }
    return transaction.finish(std::move(changes));
}

}  // namespace izar
