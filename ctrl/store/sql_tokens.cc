#include <fmt/format.h>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_store.h"
#include "ctrl/store/token.h"

namespace izar {
namespace {

constexpr std::uint32_t kMostUses = 65'535;
constexpr std::chrono::milliseconds kLongestTtl = std::chrono::hours{24 * 366};

Result<void> check_spec(const TokenSpec& spec) {
    if (auto good = check_name("region", spec.region); !good) {
        return good;
    }
    if (spec.uses == 0 || spec.uses > kMostUses) {
        return fail(fmt::format("a token is good for 1 to {} uses", kMostUses));
    }
    if (spec.ttl <= std::chrono::milliseconds{0} || spec.ttl > kLongestTtl) {
        return fail("a token lives for at least 1 ms and at most 366 days");
    }
    return {};
}

std::vector<TokenRecord> read_tokens(Transaction& transaction, std::string_view condition, const SqlValues& values) {
    std::vector<TokenRecord> out;
    for (const SqlRow& row :
         transaction.query(fmt::format("SELECT token_id, region, created_ms, expires_ms, uses_left, withdrawn,"
                                       " secret_digest FROM izar_tokens {} ORDER BY created_ms, token_id",
                                       condition),
                           values)) {
        out.push_back({.id = row.text(0),
                       .region = row.text(1),
                       .created_at = loaded(row.integer(2)),
                       .expires_at = loaded(row.integer(3)),
                       .uses_left = static_cast<std::uint32_t>(row.integer(4)),
                       .withdrawn = row.integer(5) != 0,
                       .secret_hash = parse_digest(row.text(6))});
    }
    return out;
}

}  // namespace

StoreResult<TokenRecord> SqlStore::create_token(std::string_view token, const TokenSpec& spec, WallTime now) {
    const auto parts = parse_token(token);
    const auto good = check_spec(spec);
    Transaction transaction = writing("create_token");
    if (!parts || !good) {
        return transaction.refuse(parts ? good.error().text : parts.error().text);
    }
    TokenRecord record{.id = parts->id,
                       .region = spec.region,
                       .created_at = now,
                       .expires_at = now + spec.ttl,
                       .uses_left = spec.uses,
                       .secret_hash = parts->secret_hash};
    const auto digest = digest_text(parts->secret_hash);
    if (const auto same = read_tokens(transaction, "WHERE token_id = ?", {record.id}); !same.empty()) {
        const auto right = transaction.query(
            "SELECT token_id FROM izar_tokens WHERE token_id = ? AND secret_digest = ?", {record.id, digest});
        if (right.empty()) {
            return transaction.refuse("another token has this id; make a new one");
        }
        return transaction.finish(same.front());
    }
    transaction.run(
        "token_made",
        "INSERT INTO izar_tokens (token_id, secret_digest, region, created_ms, expires_ms, uses_left,"
        " withdrawn) VALUES (?, ?, ?, ?, ?, ?, 0)",
        {record.id, digest, record.region, stored(now), stored(record.expires_at), std::int64_t{record.uses_left}});
    return transaction.finish(std::move(record));
}

StoreResult<void> SqlStore::withdraw_token(std::string_view id, WallTime /*now*/) {
    Transaction transaction = writing("withdraw_token");
    const auto changed =
        transaction.run("withdrawn", "UPDATE izar_tokens SET withdrawn = 1 WHERE token_id = ?", {std::string(id)});
    if (changed == 0) {
        return transaction.refuse(fmt::format("there is no token {}; 'izar tokens' lists them", id.substr(0, 40)),
                                  StoreFault::missing);
    }
    return transaction.finish();
}

StoreResult<std::vector<TokenRecord>> SqlStore::tokens() {
    Transaction transaction = reading();
    auto all = read_tokens(transaction, "", {});
    return transaction.finish(std::move(all));
}

}  // namespace izar
