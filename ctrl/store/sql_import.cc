#include "ctrl/store/sql_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctrl/store/import_rows.h"
#include "ctrl/store/sql_lexer.h"
#include "dataplane/config/yaml_reader.h"

namespace izar {
namespace {

constexpr std::array<std::string_view, 9> kSkipped{"use",    "set",   "create", "drop",  "lock",
                                                   "unlock", "start", "begin",  "commit"};
constexpr std::array<std::string_view, 5> kTableNames{"node_region", "system_info", "region_probe_info",
                                                      "network_metrics", "domain_origin"};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

// Reads statement after statement. The first problem ends it, by `failed_`, which every function leaves alone once set.
class Importer {
  public:
    Importer(std::string_view text, std::string_view file_name, WallTime now) : lexer_(text, file_name), now_(now) {
        advance();
    }

    Result<Inventory> read() {
        while (!failed_ && word_.kind != SqlWordKind::end) {
            read_statement();
        }
        if (failed_) {
            return tl::unexpected(*failed_);
        }
        return std::move(inventory_);
    }

  private:
    void advance() {
        if (failed_) {
            return;
        }
        auto next = lexer_.next();
        if (next) {
            word_ = std::move(*next);
        } else {
            failed_ = next.error();
        }
    }
    void wrong(SourceMark mark, std::string_view text) {
        if (!failed_) {
            failed_ = lexer_.problem(mark, text).value();
        }
    }
    bool is_sign(char sign) const { return !failed_ && word_.kind == SqlWordKind::sign && word_.text[0] == sign; }
    bool is_word(std::string_view word) const {
        return !failed_ && word_.kind == SqlWordKind::name && lower(word_.text) == word;
    }
    bool take_sign(char sign) {
        const bool there = is_sign(sign);
        if (there) {
            advance();
        }
        return there;
    }
    void need_sign(char sign, std::string_view where) {
        if (!take_sign(sign)) {
            wrong(word_.mark, fmt::format("expected '{}' {}, not {}", sign, where, shown()));
        }
    }
    std::string shown() const {
        return word_.kind == SqlWordKind::end ? "the end of the file" : fmt::format("'{}'", word_.text.substr(0, 60));
    }

    void read_statement() {
        if (take_sign(';')) {
            return;
        }
        const std::string verb = word_.kind == SqlWordKind::name ? lower(word_.text) : "";
        if (verb == "insert" || verb == "replace") {
            advance();
            return read_insert();
        }
        if (std::find(kSkipped.begin(), kSkipped.end(), verb) == kSkipped.end()) {
            return wrong(word_.mark,
                         fmt::format("{} begins no statement that is imported; keep to INSERT INTO", shown()));
        }
        while (!failed_ && word_.kind != SqlWordKind::end && !is_sign(';')) {
            advance();
        }
    }

    void read_insert() {
        for (const std::string_view word : {"ignore", "into"}) {
            if (is_word(word)) {
                advance();
            }
        }
        const std::string table = word_.kind == SqlWordKind::name ? lower(word_.text) : "";
        const auto all = import_columns(table);
        if (all.empty()) {
            const std::string_view meant = nearest_word(table, kTableNames);
            return wrong(
                word_.mark,
                fmt::format("{} is none of the tables that are imported (node_region, system_info, "
                            "region_probe_info, network_metrics, domain_origin){}{}{}",
                            shown(), meant.empty() ? "" : "; did you mean '", meant, meant.empty() ? "" : "'?"));
        }
        advance();
        const std::vector<std::string> columns =
            is_sign('(') ? read_columns(table) : std::vector<std::string>(all.begin(), all.end());
        if (!is_word("values") && !is_word("value")) {
            return wrong(word_.mark, fmt::format("expected VALUES, not {}", shown()));
        }
        do {
            advance();
            read_row(table, columns);
        } while (is_sign(','));
        if (!failed_ && word_.kind != SqlWordKind::end) {
            need_sign(';', "behind the last row");
        }
    }

    std::vector<std::string> read_columns(std::string_view table) {
        std::vector<std::string> columns;
        const auto known = import_columns(table);
        do {
            advance();
            std::string column = word_.kind == SqlWordKind::name ? lower(word_.text) : "";
            if (!failed_ && std::find(known.begin(), known.end(), column) == known.end()) {
                const std::vector<std::string_view> names(known.begin(), known.end());
                const std::string_view meant = nearest_word(column, names);
                wrong(word_.mark,
                      fmt::format("{} is no column of {}{}{}{}", shown(), table,
                                  meant.empty() ? "" : "; did you mean '", meant, meant.empty() ? "" : "'?"));
            }
            if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
                wrong(word_.mark, fmt::format("column {} stands twice; keep one", column));
            }
            columns.push_back(std::move(column));
            advance();
        } while (is_sign(','));
        need_sign(')', "behind the columns");
        return columns;
    }

    void read_row(const std::string& table, const std::vector<std::string>& columns) {
        ImportRow row{.columns = columns, .mark = word_.mark, .now = now_};
        if (!is_sign('(')) {
            return wrong(word_.mark, fmt::format("expected '(' before a row, not {}", shown()));
        }
        if (++rows_ > kMaxImportRows) {
            return wrong(word_.mark, fmt::format("more than {} rows; import them in parts", kMaxImportRows));
        }
        do {
            advance();
            row.values.push_back(read_literal());
        } while (is_sign(',') && row.values.size() <= columns.size());
        need_sign(')', "behind a row");
        if (!failed_ && row.values.size() != columns.size()) {
            wrong(row.mark, fmt::format("{} values for {} columns", row.values.size(), columns.size()));
        }
        if (!failed_) {
            if (auto added = add_row(table, row, inventory_); !added) {
                wrong(added.error().mark, added.error().text);
            }
        }
    }

    SqlLiteral read_literal() {
        SqlLiteral literal{.mark = word_.mark};
        std::string sign;
        if (is_sign('-') || is_sign('+')) {
            sign = word_.text == "-" ? "-" : "";
            advance();
            if (word_.kind != SqlWordKind::number) {
                wrong(word_.mark, fmt::format("expected a number behind the sign, not {}", shown()));
            }
        }
        if (word_.kind == SqlWordKind::text || word_.kind == SqlWordKind::number) {
            literal.kind = word_.kind == SqlWordKind::text ? LiteralKind::text : LiteralKind::number;
            literal.text = sign + word_.text;
        } else if (is_word("now") || is_word("current_timestamp")) {
            literal.kind = LiteralKind::now;
            return read_now(std::move(literal));
        } else if (!is_word("null") && !is_word("default")) {
            wrong(word_.mark,
                  fmt::format("expected a value ('text', a number, NULL, DEFAULT or NOW()), not {}", shown()));
        }
        advance();
        return literal;
    }

    // NOW() needs its parentheses, CURRENT_TIMESTAMP may have them.
    SqlLiteral read_now(SqlLiteral literal) {
        const bool parentheses = is_word("now");
        advance();
        if (parentheses || is_sign('(')) {
            need_sign('(', "behind NOW");
            need_sign(')', "behind NOW(");
        }
        return literal;
    }

    SqlLexer lexer_;
    WallTime now_;
    SqlWord word_;
    std::size_t rows_ = 0;
    Inventory inventory_;
    std::optional<Error> failed_;
};

}  // namespace

Result<Inventory> parse_sql_import(std::string_view text, std::string_view file_name, WallTime now) {
    if (text.size() > kMaxImportBytes) {
        return fail(fmt::format("{}:1:1: longer than {} bytes; import it in parts", file_name, kMaxImportBytes));
    }
    return Importer(text, file_name, now).read();
}

}  // namespace izar
