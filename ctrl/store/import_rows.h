// import_rows.h -- One row of an INSERT as a value: columns by name, checked for kind and range.
//
// Thread: values and pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"
#include "dataplane/config/yaml_tree.h"

namespace izar {

enum class LiteralKind : std::uint8_t { text, number, null, now };

struct SqlLiteral {
    LiteralKind kind = LiteralKind::null;
    std::string text;
    SourceMark mark;
};

struct ImportProblem {
    SourceMark mark;
    std::string text;
};

struct ImportRow {
    std::span<const std::string> columns;  // in lower case
    std::vector<SqlLiteral> values;        // as many
    SourceMark mark;                       // of the row's parenthesis
    WallTime now;
};

// Columns of a public table in their order, id first; empty for any other name.
std::span<const std::string> import_columns(std::string_view table);

// Adds the row to the inventory. `table` is one that import_columns knows.
tl::expected<void, ImportProblem> add_row(std::string_view table, const ImportRow& row, Inventory& inventory);

}  // namespace izar
