// lossy_endpoint.h -- An endpoint before a real etcd that carries every request out and loses some of the answers.
//
// Thread: owned by the test that made it; serves one connection at a time on a thread of its own.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "ctrl/loop/sockets.h"

namespace izar {

class LossyEndpoint {
  public:
    // Answers to requests for `lost_path` are lost: the connection ends instead.
    LossyEndpoint(const std::string& etcd_endpoint, std::string lost_path);
    ~LossyEndpoint();
    LossyEndpoint(const LossyEndpoint&) = delete;
    LossyEndpoint& operator=(const LossyEndpoint&) = delete;

    const std::string& endpoint() const noexcept { return endpoint_; }
    int lost() const noexcept { return lost_; }

  private:
    void serve();
    void pass_on(int client);

    std::string lost_path_;
    SocketAddress etcd_;
    FileDescriptor listener_;
    std::string endpoint_;
    std::atomic<int> lost_ = 0;
    std::thread thread_;
};

}  // namespace izar
