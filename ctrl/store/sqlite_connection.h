// sqlite_connection.h -- SqlConnection over an SQLite file in write-ahead-log mode.
//
// One process has the file at a time: a lock beside it says so before two controllers could answer from one store.
// Other programs may read and write the file with SQLite's own locks.
//
// Thread: as SqlConnection.
#pragma once

#include <memory>
#include <string>

#include "ctrl/store/sql.h"
#include "dataplane/base/result.h"

namespace izar {

// Makes the file, readable by its owner only, if it is not there; its folder must be.
Result<std::unique_ptr<SqlConnection>> open_sqlite(const std::string& path);

}  // namespace izar
