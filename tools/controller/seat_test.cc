// One that is alone; and two over one database, with a real etcd, of which one stands by.
#include "tools/controller/seat.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "ctrl/etcd/testing/etcd_test.h"
#include "ctrl/http/http_server.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// libcurl, which passes requests on, asks the real clock.
WallTime wall_now() {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

WallSeconds today() {
    return std::chrono::floor<seconds>(wall_now());
}

void fill(std::span<std::uint8_t> bytes) {
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{7});
}

std::string free_port() {
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
    TestController(const Keys& keys, std::unique_ptr<Election> election, const std::string& api) {
        config.state = keys.folder.path();
        config.listen = free_port();
        config.api = api;
        seat = std::make_unique<Seat>(
            LeadParts{*loop, keys.state, config, keys.tls, "", "", {}, fill, wall_now, [](const std::string&) {}},
            std::move(election));
        if (api != "none") {
            server = std::make_unique<HttpServer>(*loop, keys.tls, today, *listen_tcp(*SocketAddress::parse(api)),
                                                  [this](const HttpRequest& request) { return seat->answer(request); });
        }
    }
    template <typename Condition>
    bool run_until(Condition condition) {
        const Instant deadline = now() + seconds{20};
        while (!condition() && now() < deadline) {
            loop->run_once(milliseconds{5});
        }
        return condition();
    }

    SchedulingConfig config;
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make(now));
    std::unique_ptr<Seat> seat;
    std::unique_ptr<HttpServer> server;
};

TEST(Seat, AloneItLeadsFromTheStart) {
    const Keys keys;
    TestController one(keys, nullptr, "none");
    EXPECT_FALSE(one.seat->leads());
    ASSERT_TRUE(one.seat->start());
    EXPECT_TRUE(one.seat->leads());
    const auto controllers = Json::parse(*one.seat->answer(R"({"do":"controllers"})"))["controllers"];
    ASSERT_EQ(controllers.size(), 1U);
    EXPECT_TRUE(controllers[0]["name"].is_null());
    EXPECT_EQ(controllers[0]["leads"], true);
    EXPECT_TRUE(one.seat->answer(R"({"do":"nodes"})"));
    EXPECT_FALSE(one.seat->answer("nonsense"));
}

TEST(Seat, AloneItSaysWhyItCannotLead) {
    const Keys keys;
    TestController one(keys, nullptr, "none");
    const auto taken = listen_tcp(*SocketAddress::parse(one.config.listen));
    ASSERT_TRUE(taken);
    EXPECT_FALSE(one.seat->start());
    EXPECT_FALSE(one.seat->leads());
}

class SeatsTest : public EtcdTest {
  protected:
    std::unique_ptr<Election> election(const std::string& name, const std::string& api) {
        return std::make_unique<Election>(ElectionParts{{server().endpoint()}, "/izar", name, api, kLease, now});
    }
};

TEST_F(SeatsTest, WhoStandsByPassesRequestsOnAndTakesOver) {
    const Keys keys;
    const std::string first_api = free_port();
    std::atomic<bool> first_leads = false;
    std::atomic<bool> ended = false;
    std::thread first([&] {
        TestController controller(keys, election("a", first_api), first_api);
        ASSERT_TRUE(controller.seat->start());
        while (!ended) {
            controller.loop->run_once(milliseconds{5});
            first_leads = controller.seat->leads();
        }
    });
    const Instant deadline = now() + seconds{20};
    while (!first_leads && now() < deadline) {
        std::this_thread::sleep_for(milliseconds{5});
    }
    TestController second(keys, election("b", "127.0.0.1:1"), "none");
    ASSERT_TRUE(second.seat->start());
    const auto lists = [&](std::size_t count) {
        return Json::parse(*second.seat->answer(R"({"do":"controllers"})"))["controllers"].size() == count;
    };
    EXPECT_TRUE(second.run_until([&] { return lists(2); }));
    EXPECT_FALSE(second.seat->leads());
    EXPECT_EQ(second.seat->answer(HttpRequest{.method = "GET", .path = {"v1", "nodes"}}).status, 503U);
    const auto made = second.seat->answer(R"({"do":"token create","region":"eu"})");
    EXPECT_TRUE(made) << made.error().text;
    ended = true;
    first.join();
    EXPECT_TRUE(first_leads);
    ASSERT_TRUE(second.run_until([&] { return second.seat->leads(); }));
    const auto tokens = second.seat->answer(R"({"do":"tokens"})");
    ASSERT_TRUE(tokens) << tokens.error().text;
    EXPECT_EQ(Json::parse(*tokens)["tokens"].size(), 1U) << "what the first one acknowledged";
}

TEST_F(SeatsTest, WithoutALeaderRequestsAreRefused) {
    const Keys keys;
    TestController one(keys, election("a", "127.0.0.1:1"), "none");
    const auto answer = one.seat->answer(R"({"do":"nodes"})");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().text.find("no controller leads"), std::string::npos) << answer.error().text;
}

}  // namespace
}  // namespace izar
