#include "tools/controller/lead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ctrl/store/token.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "tools/controller/inventory.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

void fill(std::span<std::uint8_t> bytes) {
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{7});
}

class LeadTest : public testing::Test {
  protected:
    void SetUp() override { config.state = folder.path(); }
    LeadParts parts(const std::string& discovery = "", const std::string& policy = "") {
        return {*loop,
                state,
                config,
                tls,
                discovery,
                policy,
                {},
                fill,
                [] { return kNow; },
                [this](const std::string& line) { log += line + "\n"; }};
    }
    static void join_node(Store& store, std::uint8_t number) {
        TokenRandom random{};
        random[0] = number;
        const std::string token = new_token(random);
        ASSERT_TRUE(store.create_token(token, {.region = "eu"}, kNow));
        const auto address = *IpAddress::parse("10.0.0." + std::to_string(number));
        const auto node = store.join({token, "node-" + std::to_string(number), address, Digest{number}}, kNow);
        ASSERT_TRUE(node) << node.error().text;
        ASSERT_TRUE(store.mark_seen({&node->id, 1}, kNow));
    }
    static Result<std::string> no_operator(std::string_view) { return fail("nobody asked"); }

    TemporaryFolder folder;
    WallSeconds today = std::chrono::floor<seconds>(kNow);
    ControllerState state = *open_controller_state(folder.path(), today, fill);
    TlsContext tls =
        *TlsContext::for_controller(*state.authority.make_controller(today), state.authority.certificate());
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make([] { return Instant{}; }));
    SchedulingConfig config;
    std::string log;
};

TEST_F(LeadTest, BeginsWithTheStoreAndAnswers) {
    const std::string policy = "policies:\n  - {name: fast}\n";
    auto lead = Lead::begin(parts("", policy), std::nullopt, no_operator);
    ASSERT_TRUE(lead) << lead.error().text;
    EXPECT_FALSE((*lead)->fence());
    const auto nodes = (*lead)->answer(R"({"do":"nodes"})");
    ASSERT_TRUE(nodes) << nodes.error().text;
    EXPECT_EQ(Json::parse(*nodes)["nodes"].size(), 0U);
    EXPECT_EQ((*lead)->answer(HttpRequest{.method = "GET", .path = {"v1", "nodes"}}).status, 401U);
    lead->reset();  // a database of SQLite is one controller's at a time
    const auto store = open_store(config);
    ASSERT_TRUE(store) << store.error().text;
    const auto documents = (*store)->documents();
    ASSERT_TRUE(documents);
    const auto found = std::ranges::find(*documents, kRoutingPolicyDocument, &Document::name);
    ASSERT_NE(found, documents->end());
    EXPECT_EQ(found->body, policy);
}

TEST_F(LeadTest, ANewLeaderNamesIngressesByTheSharesOfTheOneBefore) {
    {
        const auto store = open_store(config);
        ASSERT_TRUE(store) << store.error().text;
        ASSERT_TRUE((*store)->claim(Fence{5}));
        for (std::uint8_t number = 1; number <= 2; ++number) {
            join_node(**store, number);
        }
        Service web{.vip = *IpAddress::parse("10.99.0.80"), .first_port = 80, .last_port = 80};
        std::strcpy(web.name, "web");
        web.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 1}};
        ASSERT_TRUE((*store)->set_service(web, kNow));
        ASSERT_TRUE((*store)->set_domain("example.com", *IpAddress::parse("10.2.0.10"), "web", kNow));
        const SharesRecord shares{"eu", 7, {{NodeId{1}, 300}, {NodeId{2}, 700}}};
        ASSERT_TRUE((*store)->write_shares({&shares, 1}));
    }
    const auto lead = Lead::begin(parts(), Fence{6}, no_operator);
    ASSERT_TRUE(lead) << lead.error().text;
    const HttpAnswer answer = (*lead)->answer(HttpRequest{.method = "GET", .path = {"resolve", "example.com"}});
    ASSERT_EQ(answer.status, 200U) << answer.body;
    const Json ingresses = Json::parse(answer.body)["ingresses"];
    ASSERT_EQ(ingresses.size(), 2U) << answer.body;
    EXPECT_EQ(ingresses[0]["node"], "node-2") << answer.body;
    EXPECT_EQ(ingresses[0]["weight"], 700);
    EXPECT_EQ(ingresses[1]["weight"], 300);
}

TEST_F(LeadTest, AnOlderLeaseDoesNotGetTheStore) {
    {
        const auto newer = Lead::begin(parts(), Fence{5}, no_operator);
        ASSERT_TRUE(newer) << newer.error().text;
        EXPECT_EQ((*newer)->fence(), Fence{5});
    }
    const auto older = Lead::begin(parts(), Fence{4}, no_operator);
    ASSERT_FALSE(older);
    EXPECT_NE(older.error().text.find("the store is another's"), std::string::npos) << older.error().text;
    EXPECT_TRUE(Lead::begin(parts(), Fence{6}, no_operator));
}

TEST_F(LeadTest, AStoreIsNotLedWithTheKeysOfAnotherFleet) {
    ASSERT_TRUE(Lead::begin(parts(), std::nullopt, no_operator));
    state.master[0] ^= 1;
    const auto other = Lead::begin(parts(), std::nullopt, no_operator);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().text.find("link-master.key"), std::string::npos) << other.error().text;
}

TEST_F(LeadTest, FilesThatAreNotTakenUpAreToldAndKeepNobodyFromLeading) {
    const auto lead = Lead::begin(parts(folder / "nowhere.yaml"), std::nullopt, no_operator);
    ASSERT_TRUE(lead) << lead.error().text;
    EXPECT_NE((*lead)->problem().find("nowhere.yaml"), std::string::npos) << (*lead)->problem();
    EXPECT_NE(log.find("nowhere.yaml"), std::string::npos) << log;
    ASSERT_TRUE((*lead)->take({config, DiscoveryConfig{}, {}}));
    EXPECT_EQ((*lead)->problem(), "");
}

TEST_F(LeadTest, AListedNodeThatWasRevokedIsTold) {
    std::ofstream(folder / "discovery.yaml") << "nodes: [{name: ams-1, region: eu, address: 10.0.0.1}]\n";
    const auto lead = Lead::begin(parts(folder / "discovery.yaml"), std::nullopt, no_operator);
    ASSERT_TRUE(lead) << lead.error().text;
    EXPECT_EQ(log, "");
    ASSERT_TRUE((*lead)->answer(R"({"do":"node revoke","node":"ams-1"})"));
    log.clear();
    const auto read = read_discovery_file(folder / "discovery.yaml", {});
    ASSERT_TRUE((*lead)->take({config, *read, {}}));
    EXPECT_NE(log.find("discovery.yaml: node ams-1 was revoked and stays so"), std::string::npos) << log;
}

}  // namespace
}  // namespace izar
