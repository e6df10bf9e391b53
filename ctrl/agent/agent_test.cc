// A real controller over a real store and real agents, over TLS on loopback, in one thread. Where izar-edge would be
// stands the other end of the ring.
#include "ctrl/agent/agent.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "ctrl/agent/join.h"
#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_commands.h"
#include "ctrl/ring/edge_feed.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Json = nlohmann::json;

const WallTime kToday{seconds{1'790'000'000}};

Nanos skipped{};  // so that a test need not wait for a lease to end

Instant real_now() {
    return Instant{std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())} + skipped;
}

WallSeconds today() {
    return std::chrono::floor<seconds>(kToday);
}

// One node: identity, agent, and in place of izar-edge an EdgeFeed with a mesh that the test fills.
struct TestNode {
    TestNode(EventLoop& loop, const SocketAddress& controller, const Identity& who, const std::string& where)
        : identity(who), tls(*TlsContext::for_node(who.credentials, who.authority)) {
        auto fleet = std::make_shared<Fleet>();
        fleet->nodes.resize(1);
        fleet->nodes[0].id = who.id;
        fleet->self = NodeSlot{0};
        fleet->slot_of_id[raw(who.id)] = NodeSlot{0};
        mesh.set_fleet(*fleet);
        ring = std::move(*RingEnd::open(shared_path(where), RingSide::agent, 1));
        edge = std::make_unique<EdgeFeed>(std::move(*RingEnd::open(shared_path(where), RingSide::edge, 2)), fleet,
                                          std::make_shared<const RoutingPolicies>(), [this] { return flows; });
        agent = std::make_unique<Agent>(AgentParts{
            loop, tls, *ring, who, where, {controller}, 1, Random{1}, today, [this](const std::string& line) {
                log += line + "\n";
            }});
        agent->start();
    }
    void work() {
        (void)edge->do_work(real_now(), mesh, feed);
        std::shared_ptr<const FeedUpdate> update;
        while (feed.pop(update)) {
            if (update->fleet != nullptr) {
                fleet = update->fleet;
                services = update->services;
                mesh.set_fleet(*update->fleet);
            }
            life = update->life.value_or(life);
            links.insert(links.end(), update->links.begin(), update->links.end());
            withdrawn.insert(withdrawn.end(), update->withdrawn.begin(), update->withdrawn.end());
        }
    }
    // A link of ours as if izar-edge had measured it.
    void measure(NodeId to, bool up, Nanos rtt) {
        LinkReport report;
        report.link = fleet->slot(to);
        report.at = real_now();
        report.kind = up ? LinkReportKind::up : LinkReportKind::down;
        mesh.take(report);
        if (up) {
            report.kind = LinkReportKind::rtt;
            report.rtt = {rtt, rtt, 1};
            mesh.take(report);
        }
    }

    Identity identity;
    TlsContext tls;
    std::string log;
    std::unique_ptr<RingEnd> ring;
    std::unique_ptr<EdgeFeed> edge;
    std::unique_ptr<Agent> agent;
    Mesh mesh;
    FeedRing feed;
    std::shared_ptr<const Fleet> fleet;
    std::shared_ptr<const ServiceTable> services;
    FeedLife life = FeedLife::silent;
    std::uint64_t flows = 0;  // that it holds
    std::vector<FeedLink> links;
    std::vector<NodeId> withdrawn;
};

class AgentTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make(real_now));
        store = std::move(*open_sqlite_store(folder / "izar.db", StoreOptions{}));
        start_controller(0);
    }
    void TearDown() override {
        nodes.clear();
        commands.reset();
        controller.reset();
        loop.reset();
    }
    void start_controller(std::uint16_t port) {
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), port});
        ASSERT_TRUE(listener) << listener.error().text;
        address = local_address(listener->get());
        controller = std::make_unique<Controller>(
            ControllerParts{*loop, *store, authority, tls, MasterSecret{1}, [] { return kToday; },
                            [this](const std::string& line) { log += line + "\n"; }});
        commands = std::make_unique<OperatorCommands>(*controller, [this](std::span<std::uint8_t> bytes) {
            for (std::uint8_t& byte : bytes) {
                byte = ++random;
            }
        });
        ASSERT_TRUE(controller->start(std::move(*listener)));
    }
    Json ask(const Json& request) {
        const auto answer = commands->answer(request.dump());
        EXPECT_TRUE(answer) << answer.error().text;
        return answer ? Json::parse(*answer) : Json();
    }
    std::string token(int uses = 1) { return ask({{"do", "token create"}, {"region", "eu"}, {"uses", uses}})["token"]; }
    Result<Identity> join_as(const std::string& name, const std::string& with) {
        const auto number = std::to_string(++joined);
        return join(*loop, {address, *JoinToken::parse(with), name, *IpAddress::parse("127.0.0." + number)}, today());
    }
    TestNode& add_node(const std::string& name) {
        const auto identity = join_as(name, token());
        EXPECT_TRUE(identity) << identity.error().text;
        nodes.push_back(std::make_unique<TestNode>(*loop, address, *identity, folder / name));
        return *nodes.back();
    }
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition, Nanos patience = seconds{10}) {
        const Instant deadline = real_now() + patience;
        while (!condition() && real_now() < deadline) {
            loop->run_once(milliseconds{2});
            for (const auto& node : nodes) {
                node->work();
            }
        }
        return condition();
    }
    // Makes time pass faster, in steps that nobody takes for silence.
    void pass(Nanos span) {
        constexpr Nanos kStep = milliseconds{200};
        for (Nanos passed{}; passed < span; passed += kStep) {
            skipped += kStep;
            (void)run_until([] { return false; }, milliseconds{10});
        }
    }
    static bool knows(const TestNode& node, std::size_t count) {
        if (node.fleet == nullptr) {
            return false;
        }
        return static_cast<std::size_t>(std::ranges::count_if(
                   node.fleet->nodes, [](const FleetNode& each) { return each.id != kNoNode; })) == count;
    }

    TemporaryFolder folder;
    CertificateAuthority authority = *CertificateAuthority::make(today());
    TlsContext tls = *TlsContext::for_controller(*authority.make_controller(today()), authority.certificate());
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Store> store;
    std::unique_ptr<Controller> controller;
    std::unique_ptr<OperatorCommands> commands;
    SocketAddress address;
    std::string log;
    std::uint8_t random = 0;
    int joined = 0;
    std::vector<std::unique_ptr<TestNode>> nodes;
};

TEST_F(AgentTest, JoinedNodesLearnOfEachOther) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return knows(ams, 1); })) << ams.log << log;
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << ams.log << log;
    EXPECT_EQ(ams.life, FeedLife::live);
    const NodeSlot slot = ams.fleet->slot(fra.identity.id);
    ASSERT_NE(slot, kNoSlot);
    EXPECT_STREQ(ams.fleet->node(slot).name, "fra");
    EXPECT_STREQ(ams.fleet->node(slot).region, "eu");
    const auto secrets = ams.edge->take_secrets();
    const auto others = fra.edge->take_secrets();
    ASSERT_TRUE(secrets && others && secrets->size() == 1 && others->size() == 1);
    EXPECT_EQ(secrets->at(0).secret, others->at(0).secret) << "both ends of a link have the same secret";
}

TEST_F(AgentTest, TokensCountAndStrangersAreRefused) {
    const std::string once = token();
    ASSERT_TRUE(join_as("ams", once));
    const auto again = join_as("fra", once);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().text.find("refused"), std::string::npos) << again.error().text;
    JoinToken foreign = *JoinToken::parse(token());
    foreign.authority[0] ^= 1;
    EXPECT_FALSE(join_as("par", foreign.text())) << "a controller of another authority";
    EXPECT_FALSE(join_as("no/name", token()));
}

TEST_F(AgentTest, ServicesAndDomainsReachEveryNode) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ask({{"do", "service set"},
         {"name", "web"},
         {"vip", "10.99.0.80"},
         {"first_port", 80},
         {"last_port", 80},
         {"egresses", {"fra"}},
         {"origins", {{{"address", "10.2.0.10"}, {"port", 8080}}}}});
    const auto origin = [](const TestNode& node) {
        return node.services == nullptr || node.services->services().empty()
                   ? ""
                   : node.services->services()[0].origins.at(0).address.text();
    };
    ASSERT_TRUE(run_until([&] { return origin(ams) == "10.2.0.10" && origin(fra) == "10.2.0.10"; })) << log;
    EXPECT_EQ(ams.services->services()[0].egresses.at(0).node, fra.identity.id);
    const Instant begin = real_now();
    ask({{"do", "domain set"}, {"domain", "example.com"}, {"origin", "10.2.0.11"}, {"service", "web"}});
    ASSERT_TRUE(run_until([&] { return origin(ams) == "10.2.0.11" && origin(fra) == "10.2.0.11"; })) << log;
    EXPECT_LT(real_now() - begin, seconds{1});
    EXPECT_EQ(ams.services->services()[0].origins.at(0).port, 8080);
    EXPECT_FALSE(commands->answer(R"({"do": "service remove", "name": "web"})")) << "a domain leads to it";
    ask({{"do", "domain remove"}, {"domain", "example.com"}});
    ASSERT_TRUE(run_until([&] { return origin(ams) == "10.2.0.10"; })) << "the service's own again";
    ask({{"do", "service remove"}, {"name", "web"}});
    ASSERT_TRUE(run_until([&] { return ams.services->services().empty(); }));
}

TEST_F(AgentTest, MeasurementsReachTheOthersAndDeathsAtOnce) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    TestNode& sin = add_node("sin");
    ASSERT_TRUE(run_until([&] { return knows(ams, 3) && knows(fra, 3) && knows(sin, 3); })) << log;
    ams.measure(fra.identity.id, true, milliseconds{4});
    ams.measure(sin.identity.id, true, milliseconds{40});
    fra.measure(ams.identity.id, true, milliseconds{4});
    fra.measure(sin.identity.id, true, milliseconds{5});
    sin.measure(ams.identity.id, true, milliseconds{40});
    sin.measure(fra.identity.id, true, milliseconds{5});
    const auto heard_of = [&](const TestNode& node, bool reachable) {
        return std::ranges::any_of(node.links, [&](const FeedLink& link) {
            return link.from == fra.identity.id && link.to == sin.identity.id && link.reachable == reachable;
        });
    };
    ASSERT_TRUE(run_until([&] { return heard_of(ams, true); }, seconds{20})) << log;
    const Instant begin = real_now();
    fra.measure(sin.identity.id, false, Nanos{0});
    ASSERT_TRUE(run_until([&] { return heard_of(ams, false); })) << log;
    EXPECT_LT(real_now() - begin, seconds{1}) << "not with the next round";
}

TEST_F(AgentTest, AGroupElectsItsMasterAndProbesWhatThatAssigns) {
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
    const Json before = group();
    nodes.erase(master());
    pass(2 * kGroupLease);
    EXPECT_EQ(group()["master"], nodes[0]->identity.name) << group();
    EXPECT_TRUE(nodes[0]->agent->group().is_master());
    EXPECT_GT(group()["epoch"], before["epoch"]);
}

TEST_F(AgentTest, DrainedNodeIsEmptyWhenItsLastFlowIsOver) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << log;
    fra.flows = 3;
    const auto row = [&] { return ask({{"do", "nodes"}})["nodes"][1]; };
    ASSERT_TRUE(run_until([&] { return row()["flows"] == 3; })) << row();
    ask({{"do", "node drain"}, {"node", "fra"}});
    EXPECT_FALSE(run_until([&] { return row()["empty"] == true; }, DrainWatch::kOldestCount + seconds{2}));
    fra.flows = 0;
    ASSERT_TRUE(run_until([&] { return row()["empty"] == true; }, seconds{30})) << row();
    EXPECT_EQ(row()["flows"], 0);
    ask({{"do", "node drain"}, {"node", "fra"}, {"drained", false}});
    ASSERT_TRUE(run_until([&] { return row()["empty"] == false; }));
}

TEST_F(AgentTest, RevokedNodeIsRefusedAndLeavesTheFleet) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << log;
    const Instant begin = real_now();
    ask({{"do", "node revoke"}, {"node", "fra"}});
    ASSERT_TRUE(run_until([&] { return knows(ams, 1) && !fra.agent->connected(); })) << log;
    EXPECT_LT(real_now() - begin, seconds{1});
    EXPECT_NE(fra.log.find("revoked"), std::string::npos) << fra.log;
    EXPECT_FALSE(run_until([&] { return fra.agent->connected(); }, seconds{1})) << "its certificate is refused";
}

TEST_F(AgentTest, ControllersDeathFreezesTheFeedAndItsReturnResumesIt) {
    TestNode& ams = add_node("ams");
    ASSERT_TRUE(run_until([&] { return knows(ams, 1) && ams.life == FeedLife::live; })) << log;
    const auto version = ams.fleet->version;
    commands.reset();
    controller.reset();
    ASSERT_TRUE(run_until([&] { return ams.life == FeedLife::silent; })) << ams.log;
    EXPECT_EQ(ams.fleet->version, version) << "what it knows stays";
    start_controller(address.port);
    ASSERT_TRUE(run_until([&] { return ams.life == FeedLife::live; }, seconds{15})) << ams.log;
}

TEST_F(AgentTest, AgentStartsFromItsDiskWithoutAController) {
    const std::string place = folder / "ams";
    {
        TestNode& ams = add_node("ams");
        ASSERT_TRUE(run_until([&] { return knows(ams, 1); })) << log;
    }
    const Identity identity = nodes.back()->identity;
    nodes.clear();
    const SocketAddress nobody{*IpAddress::parse("127.0.0.1"), 1};
    nodes.push_back(std::make_unique<TestNode>(*loop, nobody, identity, place));
    ASSERT_TRUE(run_until([&] { return knows(*nodes.back(), 1); })) << nodes.back()->log;
    EXPECT_FALSE(nodes.back()->agent->connected());
}

TEST_F(AgentTest, CommandsSayWhatIsWrongAndChangeNothing) {
    for (const char* const line :
         {"", "[]", "{}", R"({"do": "fly"})", R"({"do": "token create"})", R"({"do": "service set", "name": "web"})",
          R"({"do": "service set", "name": "a b", "vip": "10.0.0.1"})",
          R"({"do": "service set", "name": "web", "vip": "10.0.0.1", "egresses": ["nobody"]})",
          R"({"do": "service set", "name": "web", "vip": "10.0.0.1", "origins": [{"address": "fd00::1"}]})",
          R"({"do": "node revoke", "node": "nobody"})", R"({"do": "domain set", "domain": "example.com"})"}) {
        const auto answer = commands->answer(line);
        ASSERT_FALSE(answer) << line;
        EXPECT_FALSE(answer.error().text.empty());
    }
    EXPECT_EQ(ask({{"do", "services"}})["services"].size(), 0U);
    EXPECT_EQ(ask({{"do", "tokens"}})["tokens"].size(), 0U);
}

}  // namespace
}  // namespace izar
