// One that is alone; and two over one database, with a real etcd, of which one stands by.
#include "tools/controller/seat.h"

#include <filesystem>
#include <future>

#include "ctrl/agent/join.h"
#include "ctrl/http/api_client.h"
#include "ctrl/store/testing/test_store.h"
#include "tools/controller/testing/test_controller.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Seat, AloneItLeadsFromTheStart) {
    const Keys keys;
    TestController one(keys, nullptr, "none");
    EXPECT_FALSE(one.seat->leads());
    ASSERT_TRUE(one.seat->start());
    EXPECT_TRUE(one.seat->leads());
    const Json controllers = one.controllers();
    ASSERT_EQ(controllers.size(), 1U);
    EXPECT_TRUE(controllers[0]["name"].is_null());
    EXPECT_EQ(controllers[0]["leads"], true);
    EXPECT_TRUE(one.ask(R"({"do":"nodes"})"));
    EXPECT_FALSE(one.ask("nonsense"));
}

TEST(Seat, AloneItSaysWhyItCannotLead) {
    const Keys keys;
    TestController one(keys, nullptr, "none");
    const auto taken = listen_tcp(*SocketAddress::parse(one.config.listen));
    ASSERT_TRUE(taken);
    EXPECT_FALSE(one.seat->start());
    EXPECT_FALSE(one.seat->leads());
}

TEST_F(SeatsTest, WhoStandsByPassesRequestsOnAndTakesOver) {
    const Keys keys;
    const auto first = run(keys, "a");
    TestController second(keys, election("b", {"127.0.0.1:1", "127.0.0.1:1"}), "none");
    ASSERT_TRUE(second.seat->start());
    EXPECT_TRUE(second.run_until([&] { return second.controllers().size() == 2; }));
    EXPECT_FALSE(second.seat->leads());
    const auto made = second.ask(R"({"do":"token create","region":"eu"})");
    EXPECT_TRUE(made) << made.error().text;
    first->end();
    ASSERT_TRUE(second.run_until([&] { return second.seat->leads(); }));
    const auto tokens = second.ask(R"({"do":"tokens"})");
    ASSERT_TRUE(tokens) << tokens.error().text;
    EXPECT_EQ(Json::parse(*tokens)["tokens"].size(), 1U) << "what the first one acknowledged";
}

TEST_F(SeatsTest, WhoStandsByServesJoinsAndTheApiAsTheLeaderDoes) {
    const Keys keys;
    const auto first = run(keys, "a");
    const std::string api = free_port();
    TestController second(keys, election("b", {api, "127.0.0.1:1"}), api);
    ASSERT_TRUE(second.seat->start());
    ASSERT_TRUE(second.run_until([&] { return second.controllers().size() == 2; }));
    const auto made = second.ask(R"({"do":"token create","region":"eu"})");
    ASSERT_TRUE(made) << made.error().text;
    const auto token = JoinToken::parse(Json::parse(*made)["token"].get<std::string>());
    ASSERT_TRUE(token);
    // A node, by an address of the controller that stands by.
    const auto identity =
        join(*second.loop, {*SocketAddress::parse(second.config.listen), *token, "ams", *IpAddress::parse("192.0.2.1")},
             today());
    ASSERT_TRUE(identity) << identity.error().text;
    EXPECT_FALSE(second.seat->leads());
    // A client of its API, which waits for the answer while the loop runs.
    auto nodes = std::async(std::launch::async, [&] {
        return ask_api({api, keys.state.api_token, keys.folder / "authority.crt"}, R"({"do":"nodes"})", seconds{10});
    });
    ASSERT_TRUE(second.run_until([&] { return nodes.wait_for(seconds{0}) == std::future_status::ready; }));
    const auto listed = nodes.get();
    ASSERT_TRUE(listed) << listed.error().text;
    EXPECT_EQ(Json::parse(*listed)["nodes"].size(), 1U);
    first->end();
    ASSERT_TRUE(second.run_until([&] { return second.seat->leads(); }));
    const auto own = second.ask(R"({"do":"nodes"})");
    ASSERT_TRUE(own) << own.error().text;
    EXPECT_EQ(Json::parse(*own)["nodes"].size(), 1U);
}

TEST_F(SeatsTest, WhoCannotLeadGivesWay) {
    const Keys keys;
    TestController broken(keys, election("a", {"127.0.0.1:1", "127.0.0.1:1"}), "none");
    broken.config.store_path = "/nowhere/izar.db";
    ASSERT_TRUE(broken.seat->start());
    TestController sound(keys, election("b", {"127.0.0.1:2", "127.0.0.1:2"}), "none");
    ASSERT_TRUE(sound.seat->start());
    EXPECT_TRUE(sound.run_until([&] {
        broken.loop->run_once(Nanos{0});
        return sound.seat->leads();
    }));
    EXPECT_FALSE(broken.seat->leads());
}

// The database is killed. When it is back, only one of the two finds a way to it.
TEST_F(SeatsTest, ALeaderThatLosesItsDatabaseLetsAnotherLead) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    const MariadbTestStore empty;
    const std::string socket = shared_server().server->address().socket;
    const TemporaryFolder folder;
    const std::string way = folder / "socket";
    std::filesystem::create_symlink(socket, way);
    const Keys keys;
    TestController first(keys, election("a", {"127.0.0.1:1", "127.0.0.1:1"}), "none");
    first.use_mariadb(way);
    ASSERT_TRUE(first.seat->start());
    ASSERT_TRUE(first.run_until([&] { return first.seat->leads(); }));
    ASSERT_TRUE(first.ask(R"({"do":"token create","region":"eu"})"));
    TestController second(keys, election("b", {"127.0.0.1:2", "127.0.0.1:2"}), "none");
    second.use_mariadb(socket);
    ASSERT_TRUE(second.seat->start());

    std::filesystem::remove(way);
    ASSERT_TRUE(shared_server().server->crash_and_restart());
    EXPECT_TRUE(first.seat->leads());
    EXPECT_FALSE(first.ask(R"({"do":"domain remove","domain":"example.com"})"));
    ASSERT_TRUE(second.run_until([&] {
        first.loop->run_once(Nanos{0});
        return second.seat->leads();
    }));
    EXPECT_FALSE(first.seat->leads());
    const auto tokens = second.ask(R"({"do":"tokens"})");
    ASSERT_TRUE(tokens) << tokens.error().text;
    EXPECT_EQ(Json::parse(*tokens)["tokens"].size(), 1U) << "what the first one acknowledged";
}

TEST(Seat, AloneItGoesOnWithADatabaseThatWasKilledAndIsBack) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    const MariadbTestStore empty;
    const Keys keys;
    TestController one(keys, nullptr, "none");
    one.use_mariadb(shared_server().server->address().socket);
    ASSERT_TRUE(one.seat->start());
    ASSERT_TRUE(shared_server().server->crash_and_restart());
    const auto made = one.ask(R"({"do":"token create","region":"eu"})");
    EXPECT_TRUE(made) << made.error().text;
    EXPECT_TRUE(one.seat->leads());
}

TEST(Seat, WithoutEtcdASecondOneOnTheSameDatabaseDoesNotStart) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    const MariadbTestStore empty;
    const Keys keys;
    TestController first(keys, nullptr, "none");
    first.use_mariadb(shared_server().server->address().socket);
    ASSERT_TRUE(first.seat->start());
    TestController second(keys, nullptr, "none");
    second.use_mariadb(shared_server().server->address().socket);
    const auto refused = second.seat->start();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("stop that one, or let both share it through etcd"), std::string::npos)
        << refused.error().text;
    EXPECT_FALSE(second.seat->leads());
    EXPECT_TRUE(first.ask(R"({"do":"token create","region":"eu"})"));
    first.seat.reset();
    EXPECT_TRUE(second.seat->start());
}

TEST_F(SeatsTest, WithoutALeaderRequestsAreRefused) {
    const Keys keys;
    TestController one(keys, election("a", {"127.0.0.1:1", "127.0.0.1:1"}), "none");
    const auto answer = one.ask(R"({"do":"nodes"})");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().text.find("no controller leads"), std::string::npos) << answer.error().text;
    EXPECT_EQ(one.seat->answer(HttpRequest{.method = "GET", .path = {"v1", "nodes"}}).status, 503U);
}

}  // namespace
}  // namespace izar
