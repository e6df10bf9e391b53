#include "ctrl/store/sql_store.h"

#include <fmt/format.h>

#include "ctrl/store/mariadb_connection.h"
#include "ctrl/store/schema.h"
#include "ctrl/store/sqlite_connection.h"

namespace izar {
namespace {

Result<std::unique_ptr<Store>> migrated(Result<std::unique_ptr<SqlConnection>> connection,
                                        const StoreOptions& options) {
    if (!connection) {
        return tl::unexpected(connection.error());
    }
    if (auto done = migrate(**connection, options.fail_points); !done) {
        return fail(done.error().text);
    }
    (*connection)->expect_long(false);
    return std::make_unique<SqlStore>(std::move(*connection), options);
}

}  // namespace

StoreResult<void> SqlStore::claim(Fence fence) {
    Transaction transaction(*connection_, options_.fail_points, "claim", fence, Durability::full);
    write_state(transaction, kFenceState, static_cast<std::uint64_t>(fence));
    auto done = transaction.finish();
    if (done) {
        fence_ = fence;
    }
    return done;
}

StoreResult<void> SqlStore::lead_alone() {
    if (auto held = connection_->hold(); !held) {
        return held;
    }
    return writing("lead_alone").finish();  // which compares the fence
}

StoreResult<StaticVersion> SqlStore::static_version() {
    Transaction transaction = reading();
    const auto version = read_state(transaction, kVersionState, false);
    return transaction.finish(StaticVersion{version});
}

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, const StoreOptions& options) {
    return migrated(open_sqlite(path), options);
}

Result<std::unique_ptr<Store>> open_mariadb_store(const MariadbAddress& address, const StoreOptions& options) {
    return migrated(open_mariadb(address), options);
}

}  // namespace izar
