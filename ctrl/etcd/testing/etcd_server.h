// etcd_server.h -- A real etcd of one member for tests, on loopback ports of its own.
//
// Thread: owned by the test that made it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "ctrl/etcd/etcd_client.h"
#include "ctrl/etcd/testing/etcd_certificates.h"
#include "dataplane/base/result.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {

// As a client with a certificate of this CA.
EtcdAccess access_by(const EtcdCertificates& certificates);

class EtcdServer {
  public:
    // Waits until it answers. With certificates it speaks TLS, and only to clients who show one of the same CA.
    static Result<std::unique_ptr<EtcdServer>> start(const EtcdCertificates* certificates = nullptr);
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
