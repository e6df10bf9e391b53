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

double in_seconds(Nanos span) {
    return std::chrono::duration<double>(span).count();
}

class BlackHoleTest : public SeatsTest {
  protected:
    // A client of a controller's API, from outside of it.
    static Result<std::string> ask(const Keys& keys, const std::string& api, const std::string& line) {
        return ask_api({api, keys.state.api_token, keys.folder / "authority.crt"}, line, kPatience);
    }
};

TEST_F(BlackHoleTest, TheLeaderAnswersThatItHasNoStoreAndAnotherLeadsWithAllThatWasAcknowledged) {
    if (geteuid() != 0 || !is_installed("mariadbd") || !is_installed("nft")) {
        GTEST_SKIP() << "needs root, mariadbd and nft";
    }
    BlackHole hole;
    const auto database = MariadbServer::start(hole.name());
    ASSERT_TRUE(database) << database.error().text;
    MariadbAddress by_network;
    by_network.host = hole.address();
    by_network.connect_limit = seconds{1};
    by_network.answer_limit = seconds{2};
    const Keys keys;
    const auto first = run(keys, "a", &by_network);
    const auto made = ask(keys, first->api, R"({"do":"token create","region":"eu"})");
    ASSERT_TRUE(made) << made.error().text;
    const Json acknowledged = Json::parse(*made);
    TestController second(keys, election("b", {"127.0.0.1:1", "127.0.0.1:1"}), "none");
    second.use_mariadb((*database)->address().socket);
    ASSERT_TRUE(second.seat->start());

    hole.swallow();
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

    hole.let_through();
    const auto later = second.ask(R"({"do":"token create","region":"us"})");
    EXPECT_TRUE(later) << later.error().text;
    EXPECT_FALSE(first->leads) << "it finds its database again, and that it is another's";
}

}  // namespace
}  // namespace izar
