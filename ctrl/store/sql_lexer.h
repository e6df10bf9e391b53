// sql_lexer.h -- The words of an SQL file: names, literals and signs, each with its place. Comments are no words.
//
// Source: MariaDB's literals (strings in single or double quotes, doubled quotes, backslash escapes), names plain or in
// backquotes, comments after "-- ", "#" and between "/*" and "*/".
//
// Thread: owned by one; points into a text that outlives it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/config/yaml_tree.h"

namespace izar {

enum class SqlWordKind : std::uint8_t { name, text, number, sign, end };

struct SqlWord {
    SqlWordKind kind = SqlWordKind::end;
    std::string text;  // unquoted; a sign is one character
    SourceMark mark;
};

class SqlLexer {
  public:
    SqlLexer(std::string_view text, std::string_view file_name) : text_(text), file_name_(file_name) {}

    // The next word, or `end` for ever after the last. An error is final.
    Result<SqlWord> next();
    // "file:line:column: problem".
    tl::unexpected<Error> problem(SourceMark mark, std::string_view text) const;

  private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool done() const { return at_ >= text_.size(); }
    void step();
    Result<void> skip_blanks();
    Result<SqlWord> quoted(char quote);
    SqlWord plain(SqlWordKind kind);

    std::string_view text_;
    std::string_view file_name_;
    std::size_t at_ = 0;
    SourceMark mark_{1, 1};
};

}  // namespace izar
