// Over a real controller and SQLite store, without sockets.
#include "ctrl/controller/api.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "ctrl/controller/operator_commands.h"
#include "ctrl/store/testing/test_store.h"
#include "ctrl/store/token.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

// Calls what the test wants when a domain is stored.
class ActOnceStored final : public FailPoints {
  public:
    void reached(std::string_view operation, std::string_view step) override {
        if (act != nullptr && operation == "set_domain" && step == "committed") {
            std::exchange(act, nullptr)();
        }
    }
    std::function<void()> act;
};

class ApiTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([] { return Instant{}; }));
        store = std::move(*backing.open({.fail_points = &points}));
        controller = std::make_unique<Controller>(ControllerParts{*loop, *store, authority, tls, MasterSecret{1},
                                                                  [] { return kNow; }, [](const std::string&) {}});
        commands = std::make_unique<OperatorCommands>(
            *controller, [](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{7}); });
        api = std::make_unique<Api>(
            *controller, [this](std::string_view line) { return commands->answer(line); }, "secret");
    }
    HttpAnswer call(const std::string& method, std::vector<std::string> path, const Json& body = nullptr,
                    std::map<std::string, std::string> query = {}, const std::string& token = "secret") {
        HttpRequest request{.method = method, .path = std::move(path), .query = std::move(query)};
        request.authorization = "Bearer " + token;
        request.body = body.is_null() ? "" : body.dump();
        return api->answer(request);
    }
    void join(const std::string& name, const std::string& region, std::uint8_t number) {
        TokenRandom random{};
        random[0] = number;
        const std::string token = new_token(random);
        ASSERT_TRUE(store->create_token(token, TokenSpec{region, std::chrono::hours{1}, 1}, kNow));
        const auto address = *IpAddress::parse("10.0.0." + std::to_string(number));
        const auto node = store->join({token, name, address, Digest{number}}, kNow);
        ASSERT_TRUE(node);
        ASSERT_TRUE(store->mark_seen({&node->id, 1}, kNow));
        ASSERT_TRUE(controller->refresh());
    }
    void serve_example() {
        const Json origin = {{"address", "10.2.0.10"}, {"port", 8080}};
        ASSERT_EQ(call("PUT", {"v1", "services", "web"},
                       {{"vip", "10.99.0.80"}, {"first_port", 80}, {"last_port", 80}, {"origins", {origin}}})
                      .status,
                  200U);
        ASSERT_EQ(call("PUT", {"v1", "domains", "example.com"}, {{"origin", "10.2.0.11"}, {"service", "web"}}).status,
                  200U);
    }

    // No domain can be read nor written meanwhile.
    void break_store() { backing.run_outside("ALTER TABLE izar_domains RENAME TO izar_away"); }
    void mend_store() { backing.run_outside("ALTER TABLE izar_away RENAME TO izar_domains"); }

    SqliteTestStore backing;
    ActOnceStored points;
    CertificateAuthority authority = *CertificateAuthority::make(std::chrono::floor<seconds>(kNow));
    TlsContext tls = *TlsContext::for_controller(*authority.make_controller(std::chrono::floor<seconds>(kNow)),
                                                 authority.certificate());
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Store> store;
    std::unique_ptr<Controller> controller;
    std::unique_ptr<OperatorCommands> commands;
    std::unique_ptr<Api> api;
};

TEST_F(ApiTest, RoutesStandForOperatorRequests) {
    join("ams", "eu", 1);
    serve_example();
    EXPECT_EQ(Json::parse(call("GET", {"v1", "services"}).body)["services"][0]["name"], "web");
    EXPECT_EQ(Json::parse(call("GET", {"v1", "domains"}).body)["domains"][0]["origin"], "10.2.0.11");
    EXPECT_EQ(Json::parse(call("GET", {"v1", "status"}).body)["services_served"], 1);
    EXPECT_EQ(call("POST", {"v1", "nodes", "ams", "drain"}).status, 200U);
    EXPECT_EQ(Json::parse(call("GET", {"v1", "nodes"}).body)["nodes"][0]["drained"], true);
    EXPECT_EQ(call("POST", {"v1", "nodes", "ams", "undrain"}).status, 200U);
    EXPECT_EQ(Json::parse(call("GET", {"v1", "nodes"}).body)["nodes"][0]["drained"], false);
    EXPECT_TRUE(Json::parse(call("POST", {"v1", "tokens"}, {{"region", "eu"}}).body).contains("token"));
    EXPECT_EQ(Json::parse(call("GET", {"v1", "history"}, nullptr, {{"from", "ams"}, {"last_hours", "2"}}).body)["from"],
              1);
    EXPECT_EQ(Json::parse(call("POST", {"v1", "requests"}, {{"do", "links"}}).body)["links"], Json::array());
    EXPECT_EQ(call("PATCH", {"v1", "services", "web"}, {{"duplicate", true}}).status, 200U);
    EXPECT_EQ(call("POST", {"v1", "services"}, {{"name", "web"}, {"vip", "10.99.0.81"}}).status, 409U) << "it is there";
    EXPECT_EQ(Json::parse(call("GET", {"v1", "services"}).body)["services"][0]["duplicate"], true);
    const std::string token = Json::parse(call("GET", {"v1", "tokens"}).body)["tokens"][0]["id"];
    EXPECT_EQ(call("DELETE", {"v1", "tokens", token}).status, 200U);
    EXPECT_EQ(call("DELETE", {"v1", "domains", "example.com"}).status, 200U);
    EXPECT_EQ(call("DELETE", {"v1", "services", "web"}).status, 200U);
    EXPECT_EQ(Json::parse(call("GET", {"v1", "services"}).body)["services"], Json::array());
}

TEST_F(ApiTest, ADomainNeedsNoServiceToBeNamedWhereOneIsMeant) {
    EXPECT_EQ(call("PUT", {"v1", "domains", "a.example"}, {{"origin", "10.2.0.11"}}).status, 400U) << "there is none";
    join("ams", "eu", 1);
    serve_example();
    const HttpAnswer set = call("PUT", {"v1", "domains", "A.example."}, {{"origin", "10.2.0.11"}});
    ASSERT_EQ(set.status, 200U) << set.body;
    EXPECT_EQ(Json::parse(set.body)["service"], "web");
    EXPECT_EQ(Json::parse(set.body)["domain"], "a.example");
    EXPECT_EQ(call("PUT", {"v1", "domains", "b.example"}, {{"origin", "10.2.0.12"}}).status, 409U)
        << "the service has another origin from the others";
    EXPECT_EQ(Json::parse(call("GET", {"v1", "services"}).body)["services"][0]["origins"][0]["address"], "10.2.0.11");
}

TEST_F(ApiTest, RefusesStrangersAndWhatItDoesNotKnow) {
    EXPECT_EQ(call("GET", {"v1", "nodes"}, nullptr, {}, "").status, 401U);
    EXPECT_EQ(call("GET", {"v1", "nodes"}, nullptr, {}, "secreT").status, 401U);
    EXPECT_EQ(call("GET", {"v1", "nodes"}, nullptr, {}, "secret2").status, 401U);
    EXPECT_FALSE(call("GET", {"v1", "nodes"}, nullptr, {}, "").authorised);
    EXPECT_TRUE(call("GET", {"v1", "nodes"}).authorised) << "and keeps its place when many want one";
    EXPECT_EQ(call("GET", {"v1"}).status, 404U);
    EXPECT_EQ(call("GET", {"v1", "nodes", "x", "drain", "y"}).status, 404U);
    EXPECT_EQ(call("DELETE", {"v1", "nodes"}).status, 405U);
    EXPECT_EQ(call("PUT", {"v1", "services", "web"}, Json::array({1})).status, 400U);
    EXPECT_EQ(call("PUT", {"v1", "services", "web"}, {{"vip", "nowhere"}}).status, 400U);
    EXPECT_EQ(call("POST", {"v1", "requests"}).status, 400U);
}

TEST_F(ApiTest, WhatIsNotThereAndWhatIsTakenAreOtherThingsThanARequestThatIsWrong) {
    join("ams", "eu", 1);
    serve_example();
    EXPECT_EQ(call("POST", {"v1", "nodes", "nowhere", "drain"}).status, 404U);
    EXPECT_EQ(call("POST", {"v1", "nodes", "nowhere", "revoke"}).status, 404U);
    EXPECT_EQ(call("DELETE", {"v1", "tokens", "nowhere"}).status, 404U);
    EXPECT_EQ(call("DELETE", {"v1", "domains", "nowhere.example"}).status, 404U);
    EXPECT_EQ(call("DELETE", {"v1", "services", "nowhere"}).status, 404U);
    EXPECT_EQ(call("PATCH", {"v1", "services", "nowhere"}, {{"duplicate", true}}).status, 404U);
    EXPECT_EQ(call("GET", {"v1", "history"}, nullptr, {{"from", "nowhere"}}).status, 404U);
    const Json origins = {{{"address", "10.2.0.10"}}};
    const Json taken = {{"vip", "10.99.0.80"}, {"first_port", 80}, {"last_port", 80}, {"origins", origins}};
    EXPECT_EQ(call("PUT", {"v1", "services", "other"}, taken).status, 409U) << "the VIP is web's";
    EXPECT_EQ(call("PUT", {"v1", "services", "other"}, {{"vip", "10.0.0.1"}, {"origins", origins}}).status, 409U)
        << "the VIP is the address of ams";
    EXPECT_EQ(call("DELETE", {"v1", "services", "web"}).status, 409U) << "example.com leads there";
    EXPECT_EQ(call("PUT", {"v1", "services", "other"}, {{"origins", origins}}).status, 400U) << "it has no VIP";
}

TEST_F(ApiTest, AStoreThatFailsIsAnotherThingThanARequestThatIsWrong) {
    join("ams", "eu", 1);
    serve_example();
    const Json domain = {{"origin", "10.2.0.11"}, {"service", "web"}};
    EXPECT_EQ(call("PUT", {"v1", "domains", "not a domain"}, domain).status, 400U);
    break_store();
    const HttpAnswer refused = call("PUT", {"v1", "domains", "example.org"}, domain);
    EXPECT_EQ(refused.status, 503U) << refused.body;
    EXPECT_TRUE(Json::parse(refused.body).contains("error"));
    EXPECT_EQ(call("GET", {"v1", "domains"}).status, 200U) << "it is known by heart";
    EXPECT_EQ(call("GET", {"resolve", "example.com"}).status, 200U);
    mend_store();
    EXPECT_EQ(call("PUT", {"v1", "domains", "example.org"}, domain).status, 200U);
}

TEST_F(ApiTest, WhatIsStoredIsToldAsDoneAlsoIfItCannotBeReadBack) {
    join("ams", "eu", 1);
    serve_example();
    points.act = [this] { break_store(); };
    const HttpAnswer done =
        call("PUT", {"v1", "domains", "example.org"}, {{"origin", "10.2.0.11"}, {"service", "web"}});
    EXPECT_EQ(done.status, 200U) << done.body;
    EXPECT_TRUE(Json::parse(done.body)["static_version"].is_null()) << done.body;
    EXPECT_EQ(Json::parse(call("GET", {"v1", "domains"}).body)["domains"].size(), 1U) << "nobody heard of it yet";
    mend_store();
    ASSERT_TRUE(controller->refresh());
    EXPECT_EQ(Json::parse(call("GET", {"v1", "domains"}).body)["domains"].size(), 2U);
}

TEST_F(ApiTest, WhatNobodyKnowsIsToldAsThat) {
    Api unsure(
        *controller,
        [](std::string_view) -> Answered<std::string> {
            return tl::unexpected<OperatorError>(unknown_commit("the store did not answer"));
        },
        "secret");
    const HttpAnswer told =
        unsure.answer({.method = "DELETE", .path = {"v1", "domains", "a.example"}, .authorization = "Bearer secret"});
    EXPECT_EQ(told.status, 503U);
    EXPECT_NE(told.body.find("may or may not have been stored"), std::string::npos) << told.body;
}

TEST_F(ApiTest, LeadsToTheVipOfTheIngressItself) {
    join("ams", "eu", 1);
    join("nyc", "us", 2);
    serve_example();
    const Json at_nyc = {{"node", "nyc"}, {"address", "203.0.113.2"}};
    ASSERT_EQ(call("PATCH", {"v1", "services", "web"}, {{"vips_at", {at_nyc}}}).status, 200U);
    const auto told = [&](const char* region) {
        return call("GET", {"resolve", "example.com"}, nullptr, {{"region", region}, {"redirect", "1"}}, "");
    };
    EXPECT_EQ(told("us").location, "http://203.0.113.2:80/");
    EXPECT_EQ(Json::parse(told("us").body)["ingresses"][0]["own_vip"], true);
    EXPECT_EQ(told("eu").location, "http://10.99.0.80:80/");
    ASSERT_EQ(call("PATCH", {"v1", "services", "web"}, {{"first_port", 0}, {"last_port", 65'535}}).status, 200U);
    EXPECT_EQ(told("eu").location, "http://10.99.0.80/") << "any port: HTTP's own is one of them";
    ASSERT_EQ(call("PUT", {"v1", "services", "web6"},
                   {{"vip", "fd99::80"},
                    {"first_port", 443},
                    {"last_port", 443},
                    {"origins", {{{"address", "fd00:2::a"}}}},
                    {"vips_at", {{{"node", "nyc"}, {"address", "fd00:3::80"}}}}})
                  .status,
              200U);
    ASSERT_EQ(call("PUT", {"v1", "domains", "six.example"}, {{"origin", "fd00:2::b"}, {"service", "web6"}}).status,
              200U);
    const HttpAnswer six = call("GET", {"resolve", "six.example"}, nullptr, {{"region", "us"}, {"redirect", "1"}}, "");
    EXPECT_EQ(six.location, "https://[fd00:3::80]/");
}

TEST_F(ApiTest, ResolvesDomainsForEverybody) {
    join("ams", "eu", 1);
    join("nyc", "us", 2);
    serve_example();
    const HttpAnswer told = call("GET", {"resolve", "example.com"}, nullptr, {{"region", "us"}}, "");
    ASSERT_EQ(told.status, 200U) << told.body;
    const Json json = Json::parse(told.body);
    EXPECT_FALSE(told.authorised);
    EXPECT_EQ(json["vip"], "10.99.0.80");
    ASSERT_EQ(json["ingresses"].size(), 1U);
    EXPECT_EQ(
        json["ingresses"][0],
        (Json{{"node", "nyc"}, {"region", "us"}, {"address", "10.99.0.80"}, {"own_vip", false}, {"weight", 1000}}));
    const HttpAnswer led = call("GET", {"resolve", "example.com"}, nullptr, {{"region", "us"}, {"redirect", "1"}}, "");
    EXPECT_EQ(led.status, 302U);
    EXPECT_EQ(led.location, "http://10.99.0.80:80/");
    EXPECT_EQ(call("GET", {"resolve", "example.com"}, nullptr, {{"client", "192.0.2.7"}}, "").status, 200U);
    EXPECT_EQ(call("GET", {"resolve", "example.com"}, nullptr, {{"client", "here"}}, "").status, 400U);
    const HttpAnswer spelled = call("GET", {"resolve", "EXAMPLE.com."}, nullptr, {}, "");
    EXPECT_EQ(spelled.status, 200U);
    EXPECT_EQ(Json::parse(spelled.body)["domain"], "example.com");
    EXPECT_EQ(call("GET", {"resolve", "nowhere.example"}, nullptr, {}, "").status, 404U);
    EXPECT_EQ(call("POST", {"resolve", "example.com"}, nullptr, {}, "").status, 405U);
}

}  // namespace
}  // namespace izar
