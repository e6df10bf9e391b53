// A leader whose database falls silent: packets vanish, and nothing says so. Real MariaDB, real etcd, real packets.
#include <unistd.h>

#include <cstdio>

#include "ctrl/http/api_client.h"
#include "ctrl/store/testing/black_hole.h"
#include "ctrl/store/testing/mariadb_server.h"
#include "dataplane/base/testing/installed.h"
#include "tools/controller/testing/test_controller.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr seconds kPatience{60};  // of the test; what it took, it prints
constexpr seconds kSilence{20};
constexpr seconds kFewSeconds{8};  // on a busy machine; the limits are 5 s and 3 s

double in_seconds(Nanos span) {
    return std::chrono::duration<double>(span).count();
}

class BlackHoleTest : public SeatsTest {
  protected:
    void SetUp() override {
        if (geteuid() != 0 || !is_installed("mariadbd") || !is_installed("nft")) {
            GTEST_SKIP() << "needs root, mariadbd and nft";
        }
        SeatsTest::SetUp();
        if (IsSkipped()) {
            return;
        }
        hole = std::make_unique<BlackHole>();
        auto started = MariadbServer::start(hole->name());
        ASSERT_TRUE(started) << started.error().text;
        database = *std::move(started);
        by_network.host = hole->address();
    }
    // A client of a controller's API, from outside of it.
    static Result<std::string> ask(const Keys& keys, const std::string& api, const std::string& line) {
        return ask_api({api, keys.state.api_token, keys.folder / "authority.crt"}, line, kPatience);
    }

    // A write that nobody else makes.
    static std::string service(int number) {
        return Json{{"do", "service put"},
                    {"name", "service-" + std::to_string(number)},
                    {"vip", "10.99.0.80"},
                    {"first_port", number % 60'000 + 1},
                    {"last_port", number % 60'000 + 1},
                    {"origins", {{{"address", "10.2.0.10"}, {"port", 80}}}}}
            .dump();
    }

    std::unique_ptr<BlackHole> hole;
    std::unique_ptr<MariadbServer> database;
    MariadbAddress by_network;
};

TEST_F(BlackHoleTest, TheLeaderAnswersThatItHasNoStoreAndAnotherLeadsWithAllThatWasAcknowledged) {
    by_network.connect_limit = seconds{1};
    by_network.answer_limit = seconds{2};
    const Keys keys;
    const auto first = run(keys, "a", &by_network);
    const auto made = ask(keys, first->api, R"({"do":"token create","region":"eu"})");
    ASSERT_TRUE(made) << made.error().text;
    const Json acknowledged = Json::parse(*made);
    TestController second(keys, election("b", {"127.0.0.1:1", "127.0.0.1:1"}), "none");
    second.use_mariadb(database->address().socket);
    ASSERT_TRUE(second.seat->start());

    hole->swallow();
    const Instant begun = now();
    const auto refused = ask(keys, first->api, R"({"do":"token create","region":"eu"})");
    const double answered_s = in_seconds(now() - begun);
    ASSERT_FALSE(refused) << *refused;
    EXPECT_NE(refused.error().text.find("MariaDB"), std::string::npos) << refused.error().text;

    ASSERT_TRUE(second.run_until([&] { return second.seat->leads(); }));
    const double led_s = in_seconds(now() - begun);
    const Instant end = now() + kPatience;
    while (first->leads && now() < end) {
        second.loop->run_once(std::chrono::milliseconds{5});
    }
    EXPECT_FALSE(first->leads);
    std::printf("the API answered after %.1f s, another led after %.1f s, the first gave up after %.1f s\n", answered_s,
                led_s, in_seconds(now() - begun));

    // What nobody acknowledged may be there or not.
    const auto listed = second.ask(R"({"do":"tokens"})");
    ASSERT_TRUE(listed) << listed.error().text;
    const Json tokens = Json::parse(*listed)["tokens"];
    EXPECT_TRUE(std::ranges::any_of(tokens, [&](const Json& token) { return token["id"] == acknowledged["id"]; }))
        << acknowledged << " of " << tokens;
    EXPECT_LE(tokens.size(), 2U);

    hole->let_through();
    const auto later = second.ask(R"({"do":"token create","region":"us"})");
    EXPECT_TRUE(later) << later.error().text;
    EXPECT_FALSE(first->leads) << "it finds its database again, and that it is another's";
}

TEST_F(BlackHoleTest, ItsLoopStandsStillOnceAndThenNobodyWaits) {
    const Keys keys;
    const auto alone = run(keys, "", &by_network);
    ASSERT_TRUE(ask(keys, alone->api, service(0)));
    hole->swallow();
    alone->longest_turn = Nanos{};
    Nanos longest_read{};
    Nanos longest_write{};
    int writes = 0;
    for (const Instant begun = now(); now() - begun < kSilence;) {
        const Instant at = now();
        const auto status = ask(keys, alone->api, R"({"do":"status"})");
        EXPECT_TRUE(status) << status.error().text;
        longest_read = std::max(longest_read, now() - at);
        const Instant wrote_at = now();
        const auto written = ask(keys, alone->api, service(++writes));
        longest_write = std::max(longest_write, now() - wrote_at);
        ASSERT_FALSE(written);
        EXPECT_NE(written.error().text.find("nothing was changed"), std::string::npos) << written.error().text;
    }
    std::printf("silent for %.0f s, %d writes: longest turn %.1f s, longest read %.1f s, longest write %.1f s\n",
                in_seconds(kSilence), writes, in_seconds(alone->longest_turn.load()), in_seconds(longest_read),
                in_seconds(longest_write));
    EXPECT_LT(longest_read, kFewSeconds);
    EXPECT_LT(longest_write, kFewSeconds);
    EXPECT_LT(alone->longest_turn.load(), kFewSeconds);

    hole->let_through();
    bool written = false;
    for (const Instant end = now() + kPatience; !written && now() < end;) {
        written = ask(keys, alone->api, service(writes + 1)).has_value();
    }
    EXPECT_TRUE(written) << "it finds its database again";
    const auto listed = ask(keys, alone->api, R"({"do":"services"})");
    ASSERT_TRUE(listed) << listed.error().text;
    EXPECT_EQ(Json::parse(*listed)["services"].size(), 2U) << "what was told as not made is not there: " << *listed;
}

}  // namespace
}  // namespace izar
