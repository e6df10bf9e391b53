// Over a real controller and SQLite store, without sockets.
#include "ctrl/controller/operator_commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ctrl/store/token.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

class OperatorCommandsTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([] { return Instant{}; }));
        store = std::move(*open_sqlite_store(folder / "izar.db", StoreOptions{}));
        controller = std::make_unique<Controller>(ControllerParts{*loop, *store, authority, tls, MasterSecret{1},
                                                                  [] { return kNow; }, [](const std::string&) {}});
        commands = std::make_unique<OperatorCommands>(
            *controller, [](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{7}); });
        join("ams", 1);
        join("fra", 2);
    }
    void join(const std::string& name, std::uint8_t number) {
        TokenRandom random{};
        random[0] = number;
        const std::string token = new_token(random);
        ASSERT_TRUE(store->create_token(token, TokenSpec{"eu", std::chrono::hours{1}, 1}, kNow));
        const auto address = *IpAddress::parse("10.0.0." + std::to_string(number));
        const auto node = store->join({token, name, address, Digest{number}}, kNow);
        ASSERT_TRUE(node);
        ASSERT_TRUE(store->mark_seen({&node->id, 1}, kNow));
        ASSERT_TRUE(controller->refresh());
    }
    Json ask(const Json& request) {
        const auto answer = commands->answer(request.dump());
        EXPECT_TRUE(answer) << request << ": " << (answer ? "" : answer.error().text);
        return answer ? Json::parse(*answer) : Json();
    }
    // What is wrong with a request; nothing was changed by it.
    std::string refused(const Json& request) {
        const auto before = controller->desired().version();
        const auto answer = commands->answer(request.dump());
        EXPECT_EQ(controller->desired().version(), before) << request;
        return answer ? "done: " + *answer : answer.error().text;
    }
    static Json web(const Json& with = Json::object()) {
        Json out = {{"do", "service add"}, {"name", "web"},   {"vip", "10.99.0.80"},
                    {"first_port", 80},    {"last_port", 80}, {"origins", {{{"address", "10.2.0.10"}}}}};
        out.update(with);
        return out;
    }
    Json service() { return ask({{"do", "services"}})["services"].at(0); }
    std::string last_event() { return controller->events().events().back().text; }

    TemporaryFolder folder;
    CertificateAuthority authority = *CertificateAuthority::make(std::chrono::floor<seconds>(kNow));
    TlsContext tls = *TlsContext::for_controller(*authority.make_controller(std::chrono::floor<seconds>(kNow)),
                                                 authority.certificate());
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Store> store;
    std::unique_ptr<Controller> controller;
    std::unique_ptr<OperatorCommands> commands;
};

TEST_F(OperatorCommandsTest, AddMakesSetChangesAndPutDoesEither) {
    EXPECT_EQ(refused({{"do", "service set"}, {"name", "web"}, {"vip", "10.99.0.81"}}),
              "there is no service web; `izar service add` makes it");
    ask(web({{"duplicate", true}, {"egresses", {"fra"}}}));
    EXPECT_EQ(refused(web({{"vip", "10.99.0.81"}})), "there is a service web already; `izar service set` changes it");
    const Json before = service();
    ask({{"do", "service set"}, {"name", "web"}, {"vip", "10.99.0.81"}});
    Json after = before;
    after["vip"] = "10.99.0.81";
    EXPECT_EQ(service(), after) << "all else is as it was";
    ask({{"do", "service set"}, {"name", "web"}, {"egresses", Json::array()}, {"duplicate", false}});
    EXPECT_EQ(service()["egresses"], Json::array({"ams", "fra"}));
    EXPECT_EQ(service()["duplicate"], false);
    ask(web({{"do", "service put"}}));
    EXPECT_EQ(service()["vip"], "10.99.0.80");
    ask(web({{"do", "service put"}, {"name", "shop"}, {"first_port", 81}, {"last_port", 81}}));
    EXPECT_EQ(ask({{"do", "services"}})["services"].size(), 2U);
}

TEST_F(OperatorCommandsTest, ServicesFollowTheRules) {
    const Json own_vip = {{{"address", "10.99.0.80"}}};
    const std::pair<Json, const char*> mistakes[] = {
        {{{"vip", "224.0.0.1"}}, "service web: vip: '224.0.0.1' is not the address of one host"},
        {{{"vip", "127.0.0.1"}}, "service web: vip: '127.0.0.1' is not the address of one host"},
        {{{"vip", "10.0.0.2"}}, "'10.0.0.2' is the overlay address of node 'fra' too; choose another vip"},
        {{{"origins", own_vip}}, "service web: origins[0].address: is the service's own vip"},
        {{{"protocol", "icmp"}}, "service web: ports: icmp has no ports"},
        {{{"first_port", 0}}, "service web: ports: port 0 is none"},
        {{{"last_port", 70}}, "service web: ports: '80-70' ends before it begins"},
        {{{"last_port", 65'536}}, "'last_port' must be a number up to 65535"},
        {{{"protocol", "sctp"}}, "'protocol' must be tcp, udp or icmp"},
        {{{"egresses", {"ams", "ams"}}}, "service web: egresses[1]: names a node that stands there already"},
        {{{"name", "a b"}}, "service 'a b' is no name"},
    };
    for (const auto& [with, text] : mistakes) {
        const std::string told = refused(web(with));
        EXPECT_EQ(told.substr(0, std::string_view(text).size()), text) << told;
    }
    Json half = web();
    half.erase("last_port");
    EXPECT_EQ(refused(half), "'first_port' and 'last_port' go together");
}

TEST_F(OperatorCommandsTest, AServiceHasVipsAtNodes) {
    const auto at = [](const Json& node, const char* address) { return Json{{"node", node}, {"address", address}}; };
    ask(web({{"vips_at", {at("fra", "10.2.0.80"), at(1, "10.1.0.80")}}}));
    EXPECT_EQ(service()["vips_at"], Json::array({at("ams", "10.1.0.80"), at("fra", "10.2.0.80")}));
    EXPECT_EQ(ask({{"do", "status"}})["services_served"], 1) << "it is one service";
    ask({{"do", "service set"}, {"name", "web"}, {"duplicate", true}});
    EXPECT_EQ(service()["vips_at"].size(), 2U) << "the rest stays";
    EXPECT_EQ(ask({{"do", "services"}})["services"].size(), 1U);
    ask({{"do", "node revoke"}, {"node", "fra"}});
    EXPECT_EQ(service()["vips_at"][1]["node"], "fra") << "it goes on until somebody takes it away";
    ask({{"do", "service set"}, {"name", "web"}, {"vips_at", {at("ams", "10.1.0.81")}}});
    EXPECT_EQ(service()["vips_at"], Json::array({at("ams", "10.1.0.81")}));
    ask(web({{"do", "service put"}}));
    EXPECT_EQ(service()["vips_at"], Json::array());
}

TEST_F(OperatorCommandsTest, VipsAtNodesFollowTheRules) {
    const auto at = [](const Json& node, const char* address) { return Json{{"node", node}, {"address", address}}; };
    const std::pair<Json, const char*> mistakes[] = {
        {at("nobody", "10.1.0.80"), "vips_at[0]: 'nobody' is no node; `izar nodes` lists them"},
        {at("ams", "nowhere"), "vips_at[0]: 'nowhere' is no"},
        {{{"node", "ams"}}, "vips_at[0]: 'address' is missing"},
        {{{"address", "10.1.0.80"}}, "vips_at[0]: 'node' is missing"},
        {{{"node", "ams"}, {"address", "10.1.0.80"}, {"port", 80}}, "vips_at[0]: unknown key 'port'"},
        {"ams=10.1.0.80", "vips_at[0]: 'node' is missing"},
        {at("ams", "10.0.0.2"), "'10.0.0.2' is the overlay address of node 'fra' too; choose another vip"},
        {at("ams", "127.0.0.1"), "service web: vips_at[0]: vip: '127.0.0.1' is not the address of one host"},
    };
    for (const auto& [vip, text] : mistakes) {
        const std::string told = refused(web({{"vips_at", {vip}}}));
        EXPECT_EQ(told.substr(0, std::string_view(text).size()), text) << told;
    }
    EXPECT_EQ(refused(web({{"vips_at", "ams=10.1.0.80"}})), "'vips_at' must be a list");
}

TEST_F(OperatorCommandsTest, AProtocolBringsItsPorts) {
    ask({{"do", "service add"},
         {"name", "web"},
         {"vip", "10.99.0.80"},
         {"protocol", "icmp"},
         {"origins", {{{"address", "10.2.0.10"}}}}});
    EXPECT_EQ(service()["last_port"], 0);
    ask({{"do", "service set"}, {"name", "web"}, {"protocol", "udp"}});
    EXPECT_EQ(service()["last_port"], 65'535) << "any";
    ask({{"do", "service set"}, {"name", "web"}, {"protocol", "icmp"}});
    EXPECT_EQ(service()["last_port"], 0);
}

TEST_F(OperatorCommandsTest, NothingIsTakenAsSomethingElse) {
    const std::pair<Json, const char*> mistakes[] = {
        {web({{"egresses", "ams"}}), "'egresses' must be a list"},
        {web({{"origins", "10.2.0.10"}}), "'origins' must be a list"},
        {web({{"origins", {"10.2.0.10"}}}), "origins[0]: 'address' is missing"},
        {web({{"origins", {{{"address", "10.2.0.10"}, {"prot", 80}}}}}), "origins[0]: unknown key 'prot'"},
        {web({{"duplicate", "true"}}), "'duplicate' must be true or false"},
        {web({{"orgins", Json::array()}}), "unknown key 'orgins'"},
        {{{"do", "node drain"}, {"node", "ams"}, {"drained", "false"}}, "'drained' must be true or false"},
        {{{"do", "node revoke"}, {"node", "ams"}, {"drained", true}}, "unknown key 'drained'"},
        {{{"do", "token create"}, {"region", "eu"}, {"ttl", "60"}},
         "unknown key 'ttl'; known are do, region, ttl_s, uses"},
        {{{"do", "token create"}, {"region", "eu"}, {"ttl_s", "60"}}, "'ttl_s' must be a number up to 31622400"},
        {{{"do", "service remove"}, {"name", 1}}, "'name' must be a text"},
        {{{"do", "domain remove"}, {"domain", "example.com"}, {"now", true}}, "unknown key 'now'"},
        {{{"do", "nodes"}, {"region", "eu"}}, "unknown key 'region'; known are do"},
        {{{"do", "history"}, {"from", "ams"}, {"hours", 2}}, "unknown key 'hours'"},
    };
    for (const auto& [request, text] : mistakes) {
        const std::string told = refused(request);
        EXPECT_EQ(told.substr(0, std::string_view(text).size()), text) << told;
    }
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"].at(0)["drained"], false);
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"].at(0)["state"], "joined");
}

TEST_F(OperatorCommandsTest, ANodeIsItsNameOrItsIdAsTextOrNumber) {
    for (const Json& node : {Json("fra"), Json("2"), Json(2)}) {
        EXPECT_EQ(ask({{"do", "node drain"}, {"node", node}})["node"], 2) << node;
        EXPECT_EQ(ask({{"do", "node drain"}, {"node", node}, {"drained", false}})["node"], 2) << node;
        EXPECT_EQ(ask({{"do", "history"}, {"from", node}})["from"], 2) << node;
    }
    EXPECT_EQ(refused({{"do", "node drain"}, {"node", 3}}), "there is no such node; `izar nodes` lists them");
}

TEST_F(OperatorCommandsTest, EventsSayWhatWasDone) {
    ask({{"do", "node drain"}, {"node", "fra"}});
    EXPECT_EQ(last_event(), "node drain fra");
    ask({{"do", "node drain"}, {"node", "fra"}, {"drained", false}});
    EXPECT_EQ(last_event(), "node undrain fra");
    ask(web());
    EXPECT_EQ(last_event(), "service add web");
}

TEST_F(OperatorCommandsTest, AWithdrawnTokenAdmitsNobody) {
    const Json made = ask({{"do", "token create"}, {"region", "us"}});
    EXPECT_EQ(ask({{"do", "token withdraw"}, {"id", made["id"]}})["id"], made["id"]);
    EXPECT_EQ(last_event(), "token withdraw " + made["id"].get<std::string>());
    const auto rows = ask({{"do", "tokens"}})["tokens"];
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Json& r) { return r["id"] == made["id"]; });
    ASSERT_NE(row, rows.end());
    EXPECT_EQ((*row)["withdrawn"], true);
    TokenRandom bytes{};
    bytes.fill(7);
    const auto joined = store->join({new_token(bytes), "nyc", *IpAddress::parse("10.0.0.3"), Digest{3}}, kNow);
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error().fault, StoreFault::denied);
    EXPECT_EQ(refused({{"do", "token withdraw"}, {"id", "nothing"}}),
              "there is no token nothing; 'izar tokens' lists them");
}

TEST_F(OperatorCommandsTest, LinksAreRekeyedOnCommandAlone) {
    EXPECT_EQ(refused({{"do", "link rekey"}, {"node", "ams"}}), "unknown key 'node'; known are do");
    EXPECT_EQ(ask({{"do", "status"}})["link_generation"], 0);
    const auto before = controller->desired().version();
    const Json done = ask({{"do", "link rekey"}});
    EXPECT_EQ(done["link_generation"], 1);
    EXPECT_EQ(done["static_version"], before + 1);
    EXPECT_EQ(ask({{"do", "status"}})["link_generation"], 1);
    EXPECT_EQ(ask({{"do", "status"}})["nodes_behind"], 2);
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"][0]["link_generation"], 0);
    EXPECT_EQ(ask({{"do", "link rekey"}})["link_generation"], 2);
    const std::string text = ask({{"do", "events"}})["events"].dump();
    EXPECT_NE(text.find("link rekey"), std::string::npos) << text;
    const auto kept = store->documents();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->back().name, kLinkSecretsDocument);
    std::string seed;
    for (int i = 0; i < 32; ++i) {
        seed += "07";
    }
    EXPECT_EQ(kept->back().body.find(seed), std::string::npos) << "it is sealed\n" << kept->back().body;
}

}  // namespace
}  // namespace izar
