// etcd_server.h -- A real etcd of one member for tests, on loopback ports of its own.
//
// Thread: owned by the test that made it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {

class EtcdServer {
  public:
    // Waits until it answers.
    static Result<std::unique_ptr<EtcdServer>> start();
    ~EtcdServer();
    EtcdServer(const EtcdServer&) = delete;
    EtcdServer& operator=(const EtcdServer&) = delete;

    const std::string& endpoint() const noexcept { return endpoint_; }
    void freeze();  // SIGSTOP; returns when it has stopped
    void thaw();

  private:
    EtcdServer() = default;

    TemporaryFolder folder_;
    std::string endpoint_;
    pid_t process_ = -1;
};

}  // namespace izar
