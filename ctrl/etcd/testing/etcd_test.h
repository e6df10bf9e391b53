// etcd_test.h -- EtcdTest: a test with a real etcd of its own. Leases last 2 s, the shortest that etcd grants.
//
// Thread: the test's.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "ctrl/etcd/testing/etcd_server.h"
#include "dataplane/base/testing/installed.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr std::chrono::seconds kLease{2};

inline Instant now() {
    return Instant{std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

class EtcdTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!is_installed("etcd")) {
            GTEST_SKIP() << "etcd is not installed (package etcd-server)";
        }
        auto started = EtcdServer::start();
        ASSERT_TRUE(started) << started.error().text;
        server_ = std::move(*started);
    }
    EtcdServer& server() { return *server_; }

  private:
    std::unique_ptr<EtcdServer> server_;
};

}  // namespace izar
