// Agents over the lives of others: masters, controllers, certificates and nodes that come and go.
#include <cstring>
#include <set>

#include "ctrl/agent/testing/agent_fleet.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Json = nlohmann::json;
using AgentLifeTest = AgentFleetTest;

TEST_F(AgentLifeTest, AGroupElectsItsMasterAndProbesWhatThatAssigns) {
    add_node("ams");
    add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(*nodes[0], 2) && knows(*nodes[1], 2); })) << log;
    const auto group = [&] { return ask({{"do", "groups"}})["groups"][0]; };
    const auto master = [&] {
        return std::ranges::find_if(nodes, [](const auto& node) { return node->agent->group().is_master(); });
    };
    EXPECT_EQ(group()["members"], 2);
    EXPECT_TRUE(group()["master"].is_null()) << "what a controller before this one granted may still run";
    pass(kGroupLease + kGroupClaimInterval);
    ASSERT_TRUE(run_until([&] { return master() != nodes.end() && group()["master"] == (*master())->identity.name; }))
        << group();
    EXPECT_EQ(std::ranges::count_if(nodes, [](const auto& node) { return node->agent->group().is_master(); }), 1);
    pass(2 * kGroupClaimInterval);
    ASSERT_TRUE(run_until([&] { return group()["probes_answered"] >= 2; })) << group();
    EXPECT_EQ(group()["probes_lost"], 0);
    ASSERT_TRUE(run_until([&] { return group()["shares_epoch"] == group()["epoch"]; })) << group();
    EXPECT_NEAR(group()["shares"]["ams"].get<double>() + group()["shares"]["fra"].get<double>(), 1, 0.002) << group();
    const Json before = group();
    nodes.erase(master());
    pass(2 * kGroupLease);
    EXPECT_EQ(group()["master"], nodes[0]->identity.name) << group();
    EXPECT_TRUE(nodes[0]->agent->group().is_master());
    EXPECT_GT(group()["epoch"], before["epoch"]);
    EXPECT_TRUE(run_until([&] { return group()["shares_epoch"] == group()["epoch"]; })) << group();
}

TEST_F(AgentLifeTest, RevokedNodeIsRefusedAndLeavesTheFleet) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << log;
    const Instant begin = clock.now();
    ask({{"do", "node revoke"}, {"node", "fra"}});
    ASSERT_TRUE(run_until([&] { return knows(ams, 1) && !fra.agent->connected(); })) << log;
    EXPECT_LT(clock.now() - begin, seconds{1});
    EXPECT_NE(fra.log.find("revoked"), std::string::npos) << fra.log;
    const Json events = ask({{"do", "events"}})["events"];
    std::set<std::string> kinds;
    for (const Json& event : events) {
        kinds.insert(event["kind"]);
    }
    EXPECT_EQ(kinds, (std::set<std::string>{"agent", "change", "join", "node"})) << events;
    EXPECT_EQ(ask({{"do", "events"}, {"after", events.back()["number"]}})["events"].size(), 0U);
    EXPECT_FALSE(run_until([&] { return fra.agent->connected(); }, seconds{1})) << "its certificate is refused";
}

TEST_F(AgentLifeTest, ControllersDeathFreezesTheFeedAndItsReturnResumesIt) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return knows(ams, 1) && ams.life == FeedLife::live; })) << log;
    const auto version = ams.fleet->version;
    end_controller();
    ASSERT_TRUE(run_until([&] { return ams.life == FeedLife::silent; })) << ams.log;
    EXPECT_EQ(ams.fleet->version, version) << "what it knows stays";
    start_controller(address.port);
    ASSERT_TRUE(run_until([&] { return ams.life == FeedLife::live; }, seconds{15})) << ams.log;
}

// By the store fra was out of use when the leader died.
TEST_F(AgentLifeTest, ANewLeaderGoesOnWithTheSharesOfTheOneBefore) {
    const NodeId ams = add_node("ams").identity.id;
    const NodeId fra = add_node("fra").identity.id;
    const auto shares = [&]() -> const RegionShares& { return controller->shares(); };
    ASSERT_TRUE(run_until([&] { return raw(shares().epoch("eu")) != 0 && shares().weight(fra) > 0; })) << log;
    ASSERT_TRUE(run_until([&] { return *store->shares() == shares().records(); })) << "its master's word is kept";
    const auto version = *store->static_version();
    const auto epoch = raw(shares().epoch("eu"));
    end_controller();
    ASSERT_TRUE(store->write_shares(std::vector{SharesRecord{"eu", epoch, {{ams, 1'000}}}}));
    const Identity away = nodes[1]->identity;
    nodes.erase(nodes.begin() + 1);
    start_controller(address.port);
    EXPECT_EQ(shares().weight(ams), 1'000U) << "at once";
    EXPECT_EQ(shares().weight(fra), 0U) << "it was out of use";
    EXPECT_EQ(raw(shares().epoch("eu")), epoch);
    EXPECT_EQ(*store->static_version(), version) << "nodes hear nothing of it";
    nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, away, folder / "fra"));
    EXPECT_TRUE(run_until([&] { return shares().weight(fra) > 0; })) << "it is heard of";
    ASSERT_TRUE(run_until([&] { return raw(shares().epoch("eu")) > epoch; })) << log;
    EXPECT_TRUE(run_until([&] { return *store->shares() == shares().records(); }));
}

TEST_F(AgentLifeTest, AControllerThatMissedAChangeDoesNotTakeItBack) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return ask({{"do", "nodes"}})["nodes"][0]["seen"] == true; })) << log;
    ASSERT_TRUE(run_until([&] { return ams.agent->static_data().version == controller->desired().version(); })) << log;
    const Identity identity = ams.identity;
    StaticData newer = ams.agent->static_data();
    nodes.clear();
    // Another controller wrote, and the agent heard of it there.
    Service service;
    std::strcpy(service.name, "web");
    service.vip = *IpAddress::parse("10.99.0.80");
    service.last_port = 65'535;
    service.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 1}};
    ASSERT_TRUE(store->set_service(service, clock.wall()));
    newer.version = raw(*store->static_version());
    ASSERT_GT(newer.version, controller->desired().version());
    ASSERT_TRUE(save_static_data(folder / "ams", identity, newer));
    nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, identity, folder / "ams"));
    const Agent& agent = *nodes.back()->agent;
    ASSERT_TRUE(run_until([&] { return agent.connected() || agent.static_data().version < newer.version; }));
    pass(seconds{1});
    EXPECT_EQ(agent.static_data().version, newer.version);
    EXPECT_EQ(controller->desired().services().size(), 1U);
}

TEST_F(AgentLifeTest, CertificateIsRenewedOverTheConnectionThatIsThere) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return knows(ams, 1); })) << log;
    const std::string path = folder / "ams/node.crt";
    const auto ends = [&] { return *certificate_expiry(*read_whole_file(path)); };
    const WallSeconds first_end = ends();
    pass(2 * Agent::kReportInterval);
    EXPECT_EQ(ends(), first_end) << "it is not time";
    clock.skip_wall(kCertificateLifetime - kRenewalTime + Renewal::kSpread);
    ASSERT_TRUE(run_until([&] { return ends() > first_end; })) << ams.log << log;
    EXPECT_EQ(ams.log.find("gone"), std::string::npos) << ams.log;
    EXPECT_TRUE(ams.agent->connected());
    // When the first one has run out, the second lets it in again.
    clock.skip_wall(kRenewalTime);
    ASSERT_GT(clock.wall_seconds(), first_end);
    end_controller();
    ASSERT_TRUE(run_until([&] { return !ams.agent->connected(); })) << ams.log;
    ASSERT_TRUE(tls.renew(*authority.make_controller(clock.wall_seconds())));
    start_controller(address.port);
    ASSERT_TRUE(run_until([&] { return ams.agent->connected(); })) << ams.log << log;
    const Identity loaded = *load_identity(folder / "ams");
    EXPECT_EQ(*certificate_expiry(loaded.credentials.certificate), ends());
}

TEST_F(AgentLifeTest, CertificateThatHasRunOutIsRefused) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return ams.agent->connected(); })) << log;
    end_controller();
    ASSERT_TRUE(run_until([&] { return !ams.agent->connected(); })) << ams.log;
    clock.skip_wall(kCertificateLifetime + std::chrono::hours{1});
    ASSERT_TRUE(tls.renew(*authority.make_controller(clock.wall_seconds())));
    start_controller(address.port);
    EXPECT_FALSE(run_until([&] { return ams.agent->connected(); }, 4 * Agent::kLongestPause));
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"][0]["agent_connected"], false);
}

// As of a node's former key, or of one that somebody had signed under its number.
TEST_F(AgentLifeTest, AKeyThatIsNotTheNodesIsRefusedThoughTheAuthoritySignedIt) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return ams.agent->connected(); })) << log;
    const Identity right = ams.identity;
    const auto connects = [&](const Identity& identity) {
        nodes.clear();
        nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, identity, folder / "ams"));
        return run_until([&] { return nodes[0]->agent->connected(); }, 2 * Agent::kLongestPause);
    };
    const CertificateRequest other = *make_request();
    Identity wrong = right;
    wrong.credentials = {*authority.sign_node(other.request, right.id, clock.wall_seconds()), other.key};
    EXPECT_FALSE(connects(wrong));
    EXPECT_NE(nodes[0]->log.find("certificate is not accepted any more"), std::string::npos) << nodes[0]->log;
    EXPECT_TRUE(connects(right)) << nodes[0]->log;
}

// As this machine's clock has it, which is ten years ahead: then no controller of today is trusted, and the log says
// why, once.
TEST_F(AgentLifeTest, AWrongClockLeavesTheConnectionAloneAndIsNamedWhereTheNextIsRefused) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return ams.agent->connected(); })) << log;
    ams.wall_ahead = 10 * std::chrono::hours{24 * 365};
    pass(2 * Agent::kReportInterval);
    EXPECT_TRUE(ams.agent->connected()) << ams.log;
    end_controller();
    ASSERT_TRUE(run_until([&] { return !ams.agent->connected(); })) << ams.log;
    start_controller(address.port);
    EXPECT_FALSE(run_until([&] { return ams.agent->connected(); }, 4 * Agent::kLongestPause));
    const std::string reason = "certificate has expired; is this machine's clock right?";
    const std::size_t told = ams.log.find(reason);
    ASSERT_NE(told, std::string::npos) << ams.log;
    EXPECT_EQ(ams.log.find(reason, told + 1), std::string::npos) << ams.log;
    ams.wall_ahead = {};
    EXPECT_TRUE(run_until([&] { return ams.agent->connected(); })) << ams.log;
}

TEST_F(AgentLifeTest, ListsOfControllersChangeWithoutARestart) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return ams.agent->connected(); })) << log;
    const SocketAddress nobody{*IpAddress::parse("127.0.0.1"), 1};
    ams.agent->set_controllers({nobody, address});
    EXPECT_TRUE(ams.agent->connected()) << "it is listed still";
    ams.agent->set_controllers({nobody});
    EXPECT_FALSE(ams.agent->connected());
    EXPECT_FALSE(run_until([&] { return ams.agent->connected(); }, 2 * Agent::kLongestPause));
    ams.agent->set_controllers({address});
    EXPECT_TRUE(run_until([&] { return ams.agent->connected(); })) << ams.log;
}

TEST_F(AgentLifeTest, AgentStartsFromItsDiskWithoutAController) {
    const std::string place = folder / "ams";
    {
        TestNode& ams = add_node("ams");
        ASSERT_TRUE(run_until([&] { return knows(ams, 1); })) << log;
    }
    const Identity identity = nodes.back()->identity;
    nodes.clear();
    const SocketAddress nobody{*IpAddress::parse("127.0.0.1"), 1};
    nodes.push_back(std::make_unique<TestNode>(*loop, clock, nobody, identity, place));
    ASSERT_TRUE(run_until([&] { return knows(*nodes.back(), 1); })) << nodes.back()->log;
    EXPECT_FALSE(nodes.back()->agent->connected());
}

}  // namespace
}  // namespace izar
