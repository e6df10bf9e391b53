#include "ctrl/store/sql.h"

#include <fmt/format.h>

#include <charconv>

namespace izar {
namespace {

template <typename Number>
Number number_in(const SqlValue& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        return static_cast<Number>(*whole);
    }
    if (const auto* fraction = std::get_if<double>(&value)) {
        return static_cast<Number>(*fraction);
    }
    Number out = 0;
    if (const auto* text = std::get_if<std::string>(&value)) {
        std::from_chars(text->data(), text->data() + text->size(), out);
    }
    return out;
}

}  // namespace

std::int64_t SqlRow::integer(std::size_t column) const {
    return number_in<std::int64_t>(values_.at(column));
}

double SqlRow::number(std::size_t column) const {
    return number_in<double>(values_.at(column));
}

std::string SqlRow::text(std::size_t column) const {
    const SqlValue& value = values_.at(column);
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        return fmt::format("{}", *whole);
    }
    const auto* fraction = std::get_if<double>(&value);
    return fraction != nullptr ? fmt::format("{}", *fraction) : "";
}

bool SqlRow::is_null(std::size_t column) const {
    return std::holds_alternative<std::monostate>(values_.at(column));
}

std::string_view sql_for_update(SqlDialect dialect) {
    // SQLite's write transactions exclude each other as a whole.
    return dialect == SqlDialect::mariadb ? " FOR UPDATE" : "";
}

std::string sql_on_conflict(SqlDialect dialect, std::string_view keys) {
    return dialect == SqlDialect::mariadb ? " ON DUPLICATE KEY UPDATE "
                                          : fmt::format(" ON CONFLICT ({}) DO UPDATE SET ", keys);
}

std::string sql_incoming(SqlDialect dialect, std::string_view column) {
    return dialect == SqlDialect::mariadb ? fmt::format("VALUES({})", column) : fmt::format("excluded.{}", column);
}

std::string sql_take_incoming(SqlDialect dialect, const std::vector<std::string_view>& columns) {
    std::string out;
    for (const std::string_view column : columns) {
        out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", column, sql_incoming(dialect, column));
    }
    return out;
}

}  // namespace izar
