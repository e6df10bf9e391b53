#include <fmt/format.h>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_store.h"

namespace izar {
namespace {

constexpr std::size_t kMaxDocuments = 256;

Result<void> check_document(std::string_view name, std::string_view body) {
    if (name.empty()) {
        return fail("a document needs a name");
    }
    if (auto good = check_text("the document's name", name, kMaxDocumentName); !good) {
        return good;
    }
    return check_text("the document", body, kMaxDocument);
}

}  // namespace

std::vector<Document> read_documents(Transaction& transaction, std::string_view condition, const SqlValues& values) {
    std::vector<Document> out;
    for (const SqlRow& row : transaction.query(
             fmt::format("SELECT name, body, version FROM izar_documents {} ORDER BY name", condition), values)) {
        out.push_back({row.text(0), row.text(1), StaticVersion{static_cast<std::uint64_t>(row.integer(2))}});
    }
    return out;
}

Result<Document> put_document(Transaction& transaction, std::string_view name, std::string_view body) {
    if (auto good = check_document(name, body); !good) {
        return tl::unexpected(good.error());
    }
    Document document{.name = std::string(name), .body = std::string(body)};
    const auto old = read_documents(transaction, "WHERE name = ?", {document.name});
    if (!old.empty() && old.front().body == body) {
        return old.front();
    }
    const auto count = transaction.query("SELECT COUNT(*) FROM izar_documents", {});
    if (old.empty() && !count.empty() && count.front().integer(0) >= static_cast<std::int64_t>(kMaxDocuments)) {
        return fail(fmt::format("there are {} documents, the most there can be", kMaxDocuments));
    }
    document.version = transaction.next_version();
    transaction.run("document_written",
                    "INSERT INTO izar_documents (name, body, version) VALUES (?, ?, ?)" +
                        sql_on_conflict(transaction.dialect(), "name") +
                        sql_take_incoming(transaction.dialect(), {"body", "version"}),
                    {document.name, document.body, static_cast<std::int64_t>(document.version)});
    unmark_removed(transaction, Removed::document, document.name);
    return document;
}

StoreResult<Document> SqlStore::set_document(std::string_view name, std::string_view body, WallTime /*now*/) {
    Transaction transaction = writing("set_document");
    auto document = put_document(transaction, name, body);
    if (!document) {
        return transaction.refuse(document.error().text);
    }
    return transaction.finish(*std::move(document));
}

StoreResult<void> SqlStore::remove_document(std::string_view name, WallTime now) {
    Transaction transaction = writing("remove_document");
    const std::string known(name);
    if (transaction.run("document_removed", "DELETE FROM izar_documents WHERE name = ?", {known}) == 0) {
        return transaction.refuse(fmt::format("there is no document {}", name.substr(0, kMaxDocumentName)),
                                  StoreFault::missing);
    }
    mark_removed(transaction, Removed::document, known, now);
    return transaction.finish();
}

StoreResult<std::vector<Document>> SqlStore::documents() {
    Transaction transaction = reading();
    auto all = read_documents(transaction, "", {});
    return transaction.finish(std::move(all));
}

}  // namespace izar
