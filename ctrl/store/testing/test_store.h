// test_store.h -- A store to test, over either database, that can be closed and opened again on the same data.
//
// Thread: owned by one test. The MariaDB server is one for the test program; each TestStore empties its database.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ctrl/store/store.h"
#include "ctrl/store/testing/mariadb_server.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {

// Server of this test program, started at the first call; nothing, and why, if it is not installed. One that does not
// start ends the program.
struct SharedServer {
    std::unique_ptr<MariadbServer> server;
    std::string why_not;
};
SharedServer& shared_server();

class SqliteTestStore {
  public:
    std::string why_not() const { return ""; }
    Result<std::unique_ptr<Store>> open(const StoreOptions& options) const {
        return open_sqlite_store(path(), options);
    }
    std::string path() const { return folder_ / "izar.db"; }
    // Runs statements of somebody else's program on the same data.
    void run_outside(const std::string& statements) const;
    // What the outside program prints for a query of one text.
    std::string ask_outside(const std::string& query) const;

  private:
    TemporaryFolder folder_;
};

class MariadbTestStore {
  public:
    MariadbTestStore();

    std::string why_not() const { return shared_server().why_not; }
    Result<std::unique_ptr<Store>> open(const StoreOptions& options) const {
        return open_mariadb_store(shared_server().server->address(), options);
    }
    void run_outside(const std::string& statements) const;
    std::string ask_outside(const std::string& query) const;
};

// The value, or the end of the test with the error's text.
template <typename T>
T granted(StoreResult<T> result) {
    if (!result) {
        ADD_FAILURE() << result.error().text;
        std::abort();
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

}  // namespace izar
