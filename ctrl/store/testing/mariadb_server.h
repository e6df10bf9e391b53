// mariadb_server.h -- A real MariaDB server for tests: its own data in a temporary folder, a Unix socket, no network.
//
// Thread: owned by the test that made it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "ctrl/store/store.h"
#include "dataplane/base/result.h"

namespace izar {

// In memory if there is such a place: making tables takes a second each test on a busy disk, and what these tests prove
// does not depend on the disk.
std::string scratch_folder();

class MariadbServer {
  public:
    // Makes the folder, the system tables and the database "izar", and waits until the server answers. The error names
    // what is missing. Root hands the server to the user "nobody", because it does not run as root.
    static Result<std::unique_ptr<MariadbServer>> start();
    ~MariadbServer();
    MariadbServer(const MariadbServer&) = delete;
    MariadbServer& operator=(const MariadbServer&) = delete;

    MariadbAddress address() const;
    // An empty database, whatever was in it.
    void empty_database();
    // kill -9 and start again on the same data.
    Result<void> crash_and_restart();

  private:
    explicit MariadbServer(std::string folder) : folder_(std::move(folder)) {}
    Result<void> launch();
    void stop(int signal);

    std::string folder_;
    pid_t process_ = -1;
};

}  // namespace izar
