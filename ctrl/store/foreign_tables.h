// foreign_tables.h -- What makes public tables that an operator created before the first start into ours.
//
// The original's CREATE statements have columns too narrow for IPv6 and most domains, leave the character set to the
// server, and no key says that an ordered pair has one row in network_metrics, so each write would add one.
//
// Thread: that of the connection.
#pragma once

#include <string>
#include <vector>

#include "ctrl/store/sql.h"

namespace izar {

// The statements that do it, in order; each may run twice. On tables of ours they change nothing and take no time. Of
// rows of the same pair the one written last stays.
StoreResult<std::vector<std::string>> foreign_table_changes(SqlConnection& connection);

}  // namespace izar
