// store_suite.h -- The typed test suite's fixture: the same tests over SQLite and over a real MariaDB.
//
// Thread: one test.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "ctrl/store/testing/test_store.h"
#include "ctrl/store/token.h"

namespace izar {

inline constexpr WallTime kNow{std::chrono::seconds{1'774'748'000}};  // 2026-03-29, a whole second

inline IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

// A token's text out of one number.
inline std::string token_number(std::uint8_t number) {
    TokenRandom random{};
    random.fill(number);
    return new_token(random);
}

inline Service service_named(std::string_view name, std::string_view vip, std::string_view origin) {
    Service service;
    std::memcpy(service.name, name.data(), std::min(name.size(), sizeof service.name - 1));
    service.vip = address(vip);
    service.first_port = 80;
    service.last_port = 80;
    service.origins = {{.address = address(origin), .port = 8080}};
    return service;
}

template <typename Backing>
class StoreSuite : public ::testing::Test {
  protected:
    void SetUp() override {
        backing_.emplace();
        if (!backing_->why_not().empty()) {
            GTEST_SKIP() << backing_->why_not();
        }
        reopen();
    }
    void TearDown() override {
        store_.reset();
        backing_.reset();
    }

    Store& store() { return *store_; }
    const Backing& backing() const { return *backing_; }
    void close() { store_.reset(); }
    void reopen(const StoreOptions& options = {}) {
        store_.reset();
        auto opened = backing_->open(options);
        ASSERT_TRUE(opened) << opened.error().text;
        store_ = std::move(*opened);
    }
    // A node that joined with a token of its own.
    NodeRecord joined(std::uint8_t number, std::string_view region = "eu") {
        const std::string token = token_number(number);
        granted(store().create_token(token, {.region = std::string(region)}, kNow));
        return granted(store().join(request(number), kNow));
    }
    JoinRequest request(std::uint8_t number) {
        JoinRequest out{.token = token_number(number), .name = "node-" + std::to_string(number)};
        out.address = address("10.0.0." + std::to_string(number));
        out.key.fill(number);
        return out;
    }

  private:
    std::optional<Backing> backing_;
    std::unique_ptr<Store> store_;
};

using Backings = ::testing::Types<SqliteTestStore, MariadbTestStore>;

template <typename T>
StoreFault fault_of(const StoreResult<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? StoreFault::unavailable : result.error().fault;
}

}  // namespace izar
