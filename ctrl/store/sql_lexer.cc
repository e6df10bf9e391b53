#include "ctrl/store/sql_lexer.h"

#include <fmt/format.h>

#include <algorithm>

namespace izar {
namespace {

constexpr std::size_t kLongestWord = 4096;  // bytes; the longest column is 255

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_number_part(char c, char before) {
    const bool sign_of_exponent = (c == '+' || c == '-') && (before == 'e' || before == 'E');
    return is_digit(c) || c == '.' || c == 'e' || c == 'E' || sign_of_exponent;
}

// What a backslash and this character stand for (MariaDB, "String Literals").
char unescaped(char c) {
    switch (c) {
        case 'n':
            return '\n';
        case 't':
            return '\t';
        case 'r':
            return '\r';
        case '0':
            return '\0';
        default:
            return c;
    }
}

}  // namespace

tl::unexpected<Error> SqlLexer::problem(SourceMark mark, std::string_view text) const {
    std::string readable(text.substr(0, 300));
    std::replace_if(
        readable.begin(), readable.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
        '?');
    return fail(fmt::format("{}:{}:{}: {}", file_name_, mark.line, mark.column, readable));
}

void SqlLexer::step() {
    if (text_[at_++] == '\n') {
        ++mark_.line;
        mark_.column = 1;
    } else {
        ++mark_.column;
    }
}

Result<void> SqlLexer::skip_blanks() {
    while (!done()) {
        const bool dashes = peek() == '-' && peek(1) == '-' && (is_blank(peek(2)) || at_ + 2 >= text_.size());
        if (is_blank(peek())) {
            step();
        } else if (dashes || peek() == '#') {
            while (!done() && peek() != '\n') {
                step();
            }
        } else if (peek() == '/' && peek(1) == '*') {
            const SourceMark start = mark_;
            step();
            step();
            while (!done() && !(peek() == '*' && peek(1) == '/')) {
                step();
            }
            if (done()) {
                return problem(start, "this comment does not end; close it with */");
            }
            step();
            step();
        } else {
            break;
        }
    }
    return {};
}

Result<SqlWord> SqlLexer::quoted(char quote) {
    SqlWord word{.kind = quote == '`' ? SqlWordKind::name : SqlWordKind::text, .mark = mark_};
    step();
    while (true) {
        if (done()) {
            return problem(word.mark, "this quote is not closed");
        }
        if (word.text.size() >= kLongestWord) {
            return problem(word.mark, fmt::format("this is longer than {} characters", kLongestWord));
        }
        const char c = peek();
        if (c == quote && peek(1) != quote) {
            step();
            return word;
        }
        const bool escaped = c == quote || (c == '\\' && quote != '`' && at_ + 1 < text_.size());
        if (escaped) {
            step();
        }
        word.text += c == '\\' && escaped ? unescaped(peek()) : c;
        step();
    }
}

SqlWord SqlLexer::plain(SqlWordKind kind) {
    SqlWord word{.kind = kind, .mark = mark_};
    char before = '\0';
    while (!done() && word.text.size() < kLongestWord) {
        const char c = peek();
        const bool belongs =
            kind == SqlWordKind::number ? is_number_part(c, before) : is_letter(c) || is_digit(c) || c == '$';
        if (!belongs) {
            break;
        }
        word.text += c;
        before = c;
        step();
    }
    return word;
}

Result<SqlWord> SqlLexer::next() {
    if (auto skipped = skip_blanks(); !skipped) {
        return tl::unexpected(skipped.error());
    }
    if (done()) {
        return SqlWord{.kind = SqlWordKind::end, .mark = mark_};
    }
    const char c = peek();
    if (c == '\'' || c == '"' || c == '`') {
        return quoted(c);
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
        return plain(SqlWordKind::number);
    }
    if (is_letter(c)) {
        return plain(SqlWordKind::name);
    }
    SqlWord sign{.kind = SqlWordKind::sign, .text = std::string(1, c), .mark = mark_};
    step();
    return sign;
}

}  // namespace izar
