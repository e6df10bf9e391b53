// sql.h -- SqlConnection: the little that the store needs of a database, so that one text of SQL runs on two of them.
//
// The statements stay within what SQLite and MariaDB share; what they write differently is in the few functions of
// SqlDialect. Every value is a bound parameter, never part of a statement's text.
//
// Thread: a connection belongs to the thread of its store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctrl/store/store_result.h"

namespace izar {

using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;  // monostate is NULL
using SqlValues = std::vector<SqlValue>;

class SqlRow {
  public:
    explicit SqlRow(SqlValues values) : values_(std::move(values)) {}

    // What a column holds, converted if need be; NULL is 0 or empty.
    std::int64_t integer(std::size_t column) const;
    double number(std::size_t column) const;
    std::string text(std::size_t column) const;
    bool is_null(std::size_t column) const;

  private:
    SqlValues values_;
};
using SqlRows = std::vector<SqlRow>;

enum class SqlDialect : std::uint8_t { sqlite, mariadb };

// How much of a commit must be on disk before it returns.
enum class Durability : std::uint8_t { full, relaxed };

class SqlConnection {
  public:
    SqlConnection() = default;
    SqlConnection(const SqlConnection&) = delete;
    SqlConnection& operator=(const SqlConnection&) = delete;
    virtual ~SqlConnection() = default;

    virtual SqlDialect dialect() const = 0;
    // A connection that was lost is made anew here, and only here: never in the middle of a transaction.
    virtual StoreResult<void> begin(Durability durability) = 0;
    virtual StoreResult<void> begin_reading() = 0;  // one consistent look
    virtual StoreResult<void> commit() = 0;         // `unknown` if nobody knows whether it happened
    virtual void roll_back() noexcept = 0;
    // Whether statements from here on are upkeep, which may take long. Who waits for a server waits longer then.
    virtual void expect_long(bool /*expected*/) {}

    // Keeps other controllers that hold the database out, for as long as this object lives. A connection that is made
    // anew holds again before it does anything else, or fails with `fenced`.
    virtual StoreResult<void> hold() = 0;

    // One statement without result. Gives how many rows it found to change, changed or not.
    virtual StoreResult<std::uint64_t> run(const std::string& statement, const SqlValues& values) = 0;
    virtual StoreResult<SqlRows> query(const std::string& statement, const SqlValues& values) = 0;
};

// Ends a SELECT whose rows nobody else may change until the transaction is over.
std::string_view sql_for_update(SqlDialect dialect);
// Between an INSERT and the assignments that replace it where a row with these keys exists.
std::string sql_on_conflict(SqlDialect dialect, std::string_view keys);
// In such an assignment: what the INSERT would have put into the column.
std::string sql_incoming(SqlDialect dialect, std::string_view column);
// "a = incoming a, b = incoming b" for such an assignment.
std::string sql_take_incoming(SqlDialect dialect, const std::vector<std::string_view>& columns);

}  // namespace izar
