// mariadb_connection.h -- SqlConnection over a MariaDB or MySQL server, with prepared statements.
//
// A connection that breaks fails the call that noticed, and is made anew by the next one. Whether a COMMIT that broke
// was carried out nobody can say; Store's calls may be repeated for that reason. Of a server that says nothing any more
// nobody waits longer than the address's limits (side_connection.h).
//
// Thread: as SqlConnection.
#pragma once

#include <memory>

#include "ctrl/store/sql.h"
#include "ctrl/store/store.h"
#include "dataplane/base/result.h"

namespace izar {

// Refuses a server with innodb_flush_log_at_trx_commit other than 1: what it says is done might not be.
Result<std::unique_ptr<SqlConnection>> open_mariadb(const MariadbAddress& address);

}  // namespace izar
