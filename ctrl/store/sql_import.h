// sql_import.h -- Reads an operator's init_nodes.sql: INSERT statements for the five public tables.
//
// The file is data from a stranger, so nothing of it is handed to a database as SQL. It is parsed here into values,
// and the store writes those. INSERT [IGNORE] INTO and REPLACE INTO are read, with or without a list of columns; USE,
// SET, CREATE, DROP, LOCK, UNLOCK, START, BEGIN and COMMIT stand in every dump and are skipped; all else is an error.
//
// Thread: a pure function.
#pragma once

#include <string_view>

#include "ctrl/store/records.h"
#include "dataplane/base/result.h"

namespace izar {

inline constexpr std::size_t kMaxImportBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxImportRows = 100'000;  // of all tables together

// `now` is what NOW() and CURRENT_TIMESTAMP stand for, and a time that is left out. An error is one line,
// "file:line:column: what is wrong and what to do".
Result<Inventory> parse_sql_import(std::string_view text, std::string_view file_name, WallTime now);

}  // namespace izar
