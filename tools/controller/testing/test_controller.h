// test_controller.h -- Controllers without their program, for tests: seat, loop and API; one in the test's loop, others
// on threads of their own, over one etcd.
//
// Thread: the test's, but for what a Runs has on its own.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "ctrl/etcd/testing/etcd_test.h"
#include "ctrl/http/http_server.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "tools/controller/seat.h"

namespace izar {

// libcurl, which passes requests on, asks the real clock.
inline WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

inline WallSeconds today() {
    return std::chrono::floor<std::chrono::seconds>(wall_now());
}

inline void fill(std::span<std::uint8_t> bytes) {
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{7});
}

inline std::string free_port() {
    return local_address(listen_tcp({*IpAddress::parse("127.0.0.1"), 0}).value().get()).text();
}

// What one or more controllers with the same keys have.
struct Keys {
    TemporaryFolder folder;
    ControllerState state = *open_controller_state(folder.path(), today(), fill);
    TlsContext tls =
        *TlsContext::for_controller(*state.authority.make_controller(today()), state.authority.certificate());
};

// A controller without its program: seat, loop, and its API if it has an address.
struct TestController {
    TestController(const Keys& keys, std::unique_ptr<Election> election, const std::string& api,
                   const std::string& listen = free_port()) {
        config.state = keys.folder.path();
        config.listen = listen;
        config.api = api;
        seat = std::make_unique<Seat>(
            LeadParts{*loop, keys.state, config, keys.tls, "", "", {}, fill, wall_now, [](const std::string&) {}},
            std::move(election));
        if (api != "none") {
            server = std::make_unique<HttpServer>(
                *loop, keys.tls, today, *listen_tcp(*SocketAddress::parse(api)),
                [this](const HttpRequest& request) { return seat->answer(request); },
                [this](StreamId stream) { return seat->lead_on(stream); });
        }
    }
    void use_mariadb(const std::string& socket) {
        config.store_kind = StoreKind::mariadb;
        config.mariadb.socket = socket;
    }
    // An operator's request, until it is answered.
    Result<std::string> ask(std::string_view line) {
        std::optional<Result<std::string>> out;
        seat->answer(line, [&](const Result<std::string>& result) { out = result; });
        (void)run_until([&] { return out.has_value(); });
        return out ? *out : fail("no answer");
    }
    nlohmann::json controllers() { return nlohmann::json::parse(*ask(R"({"do":"controllers"})"))["controllers"]; }
    template <typename Condition>
    bool run_until(Condition condition) {
        const Instant deadline = now() + std::chrono::seconds{60};
        while (!condition() && now() < deadline) {
            loop->run_once(std::chrono::milliseconds{5});
        }
        return condition();
    }

    SchedulingConfig config;
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make(now));
    std::unique_ptr<Seat> seat;
    std::unique_ptr<HttpServer> server;
};

class SeatsTest : public EtcdTest {
  protected:
    struct Runs {
        std::string api = free_port();
        std::string agents = free_port();
        std::atomic<bool> leads = false;
        std::atomic<bool> ended = false;
        std::atomic<Nanos> longest_turn{};  // of its loop, in which whoever has something to tell waits
        std::thread thread;
        ~Runs() { end(); }
        void end() {
            ended = true;
            if (thread.joinable()) {
                thread.join();
            }
        }
    };
    std::unique_ptr<Election> election(const std::string& name, const MemberAddresses& at) {
        return std::make_unique<Election>(ElectionParts{{server().endpoint()}, "/izar", name, at, kLease, now});
    }
    // A controller on a thread of its own, as another program would be. Without a name it is the only one.
    std::unique_ptr<Runs> run(const Keys& keys, const std::string& name, const MariadbAddress* database = nullptr) {
        auto out = std::make_unique<Runs>();
        out->thread = std::thread([this, &keys, &runs = *out, name, database] {
            TestController controller(keys, name.empty() ? nullptr : election(name, {runs.api, runs.agents}), runs.api,
                                      runs.agents);
            if (database != nullptr) {
                controller.config.store_kind = StoreKind::mariadb;
                controller.config.mariadb = *database;
            }
            ASSERT_TRUE(controller.seat->start());
            while (!runs.ended) {
                const Instant begun = now();
                controller.loop->run_once(std::chrono::milliseconds{5});
                runs.longest_turn = std::max(runs.longest_turn.load(), now() - begun);
                runs.leads = controller.seat->leads();
            }
        });
        const Instant deadline = now() + std::chrono::seconds{20};
        while (!out->leads && now() < deadline) {
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        EXPECT_TRUE(out->leads);
        return out;
    }
};

}  // namespace izar
