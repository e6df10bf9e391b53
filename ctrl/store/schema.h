// schema.h -- The store's tables, as migrations: one definition for both databases.
//
// The five public tables have the names and columns that operators know (docs/store.md); the rest is ours and begins
// with izar_. A migration in force is never edited; a change is a new one at the end.
//
// Thread: that of the connection.
#pragma once

#include "ctrl/store/failpoint.h"
#include "ctrl/store/sql.h"

namespace izar {

// Brings an empty or older database to this program's tables. Several controllers may call it at once. Refuses a
// database that a newer program migrated.
StoreResult<void> migrate(SqlConnection& connection, FailPoints* fail_points);

// How many migrations this program knows.
std::size_t schema_version();

}  // namespace izar
