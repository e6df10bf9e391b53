// mariadb_server.h -- A real MariaDB server for tests: its own data in a temporary folder, a Unix socket, no network
// but one that the test has made.
//
// Thread: owned by the test that made it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "ctrl/store/store.h"
#include "dataplane/base/result.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {

class MariadbServer {
  public:
    // Makes the folder, the system tables and the database "izar", and waits until the server answers. The error
    // ends with what the server said last. Root hands the server to the user "nobody", because it does not run as root.
    // With the name of a network namespace it runs in that, and listens at all its addresses, too.
    static Result<std::unique_ptr<MariadbServer>> start(const std::string& network_namespace = "");
    ~MariadbServer();
    MariadbServer(const MariadbServer&) = delete;
    MariadbServer& operator=(const MariadbServer&) = delete;

    MariadbAddress address() const;
    // An empty database, whatever was in it.
    void empty_database();
    // kill -9 and start again on the same data.
    Result<void> crash_and_restart();

  private:
    MariadbServer() = default;
    std::string log() const { return folder_ / "log"; }
    Result<void> launch();
    void stop(int signal);

    TemporaryFolder folder_;
    std::string namespace_;
    pid_t process_ = -1;
};

}  // namespace izar
