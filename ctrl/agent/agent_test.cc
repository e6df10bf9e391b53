// What agents and their controller tell each other.
#include "ctrl/agent/agent.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>

#include "ctrl/agent/testing/agent_fleet.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Json = nlohmann::json;
using AgentTest = AgentFleetTest;

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

bool may_open_descriptors(rlim_t count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

// Connections that are never finished, some of them each turn of the loop, from a few addresses. Every fourth says as
// much of a handshake as costs the controller most.
class HalfOpenFlood {
  public:
    static constexpr std::size_t kAll = 10'000;
    HalfOpenFlood(EventLoop& loop, const SocketAddress& target, std::vector<std::uint8_t> first_words)
        : to_(target), words_(std::move(first_words)), timer_(loop) {
        open_some();
    }
    std::size_t opened() const { return opened_; }

  private:
    static constexpr std::size_t kATurn = 20;
    static constexpr std::size_t kKept = 3'000;  // the controller has cut those before them
    static constexpr std::size_t kAddresses = 8;

    void open_some() {
        for (std::size_t i = 0; i < kATurn && opened_ < kAll; ++i) {
            open_one();
        }
        if (opened_ < kAll) {
            timer_.start(Nanos{0}, [this] { open_some(); });
        }
    }
    void open_one() {
        const SocketAddress own{*IpAddress::parse("127.0.1." + std::to_string(1 + opened_ % kAddresses)), 0};
        sockaddr_storage from{};
        sockaddr_storage to{};
        const socklen_t length = own.fill(from);
        to_.fill(to);
        FileDescriptor fd = *open_tcp(Family::ipv4);
        ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&from), length), 0);
        ASSERT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&to), length), 0);
        if (++opened_ % 4 == 0) {
            ASSERT_EQ(write(fd.get(), words_.data(), words_.size()), static_cast<ssize_t>(words_.size()));
        }
        kept_.push_back(std::move(fd));
        if (kept_.size() > kKept) {
            kept_.pop_front();
        }
    }

    SocketAddress to_;
    std::vector<std::uint8_t> words_;
    Timer timer_;
    std::deque<FileDescriptor> kept_;
    std::size_t opened_ = 0;
};

TEST_F(AgentTest, TenThousandHalfOpenConnectionsKeepNobodyFromJoining) {
    ASSERT_TRUE(may_open_descriptors(8'192)) << "both ends are in this process";
    const auto context = TlsContext::for_joining(*certificate_fingerprint(authority.certificate()));
    TlsSession hello(*context, clock.wall_seconds());
    ASSERT_TRUE(hello.begin());
    const std::string many = token(100);
    HalfOpenFlood flood(*loop, address, hello.take_output());
    std::size_t joins = 0;
    while (flood.opened() < HalfOpenFlood::kAll) {
        const std::size_t opened = flood.opened();
        const auto joined = join_as("n" + std::to_string(joins), many);
        ASSERT_TRUE(joined) << joined.error().text << ", with " << opened << " half open";
        ++joins;
        ASSERT_TRUE(run_until([&] { return flood.opened() >= std::min(HalfOpenFlood::kAll, opened + 1'500); }));
    }
    EXPECT_GE(joins, 2U) << "while they came";
    EXPECT_TRUE(join_as("last", many)) << "and when all of them were there";
    EXPECT_TRUE(run_until([&] { return loop->streams() <= Controller::kMostUnknown + 10; }))
        << loop->streams() << ": the controller keeps no more than it said";
}

// Whoever has no token may ask as often as it likes.
TEST_F(AgentTest, GarbageUsesUpNoQuotaOfJoins) {
    const auto wrong = [](std::string text) {
        text[text.size() / 4] = text[text.size() / 4] == '0' ? '1' : '0';
        return text;
    };
    const std::string right = token(2);
    for (std::size_t i = 0; i < JoinGate::kJoins + 10; ++i) {
        ASSERT_FALSE(join_as("stranger", wrong(right)));
    }
    EXPECT_TRUE(join_as("ams", right));
}

TEST_F(AgentTest, ServicesAndDomainsReachEveryNode) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ask({{"do", "service add"},
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
    const Instant begin = clock.now();
    ask({{"do", "domain set"}, {"domain", "example.com"}, {"origin", "10.2.0.11"}, {"service", "web"}});
    ASSERT_TRUE(run_until([&] { return origin(ams) == "10.2.0.11" && origin(fra) == "10.2.0.11"; })) << log;
    EXPECT_LT(clock.now() - begin, seconds{1});
    EXPECT_EQ(ams.services->services()[0].origins.at(0).port, 8080);
    EXPECT_FALSE(commands->answer(R"({"do": "service remove", "name": "web"})")) << "a domain leads to it";
    ask({{"do", "domain remove"}, {"domain", "example.com"}});
    ASSERT_TRUE(run_until([&] { return origin(ams) == "10.2.0.10"; })) << "the service's own again";
    ask({{"do", "service remove"}, {"name", "web"}});
    ASSERT_TRUE(run_until([&] { return ams.services->services().empty(); }));
}

TEST_F(AgentTest, ANodeCannotJoinWithAVipAsItsAddress) {
    ask({{"do", "service add"}, {"name", "web"}, {"vip", "10.99.0.80"}, {"origins", {{{"address", "10.2.0.10"}}}}});
    const std::string with = token(2);
    const auto problem_at = [&](const std::string& name, const char* vip) {
        const auto refused =
            join(*loop, {address, *JoinToken::parse(with), name, *IpAddress::parse(vip)}, clock.wall_seconds());
        return refused ? "it joined" : refused.error().text;
    };
    EXPECT_EQ(problem_at("ams", "10.99.0.80"),
              "the controller refused: 10.99.0.80 is a VIP of service web; give the node another address");
    EXPECT_TRUE(join_as("ams", with));
    const Json at_ams = {{"node", "ams"}, {"address", "10.1.0.80"}};
    ask({{"do", "service set"}, {"name", "web"}, {"vips_at", {at_ams}}});
    EXPECT_EQ(problem_at("fra", "10.1.0.80"),
              "the controller refused: 10.1.0.80 is a VIP of service web; give the node another address");
    EXPECT_TRUE(join_as("fra", with));
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
    const Json told = Json::parse(ams.agent->answer(R"({"do": "links"})").value())["links"];
    EXPECT_TRUE(std::ranges::any_of(told, [](const Json& link) { return link["from"] == 2 && link["to"] == 3; }))
        << "operators of this machine hear of it, too: " << told;
    const Instant begin = clock.now();
    fra.measure(sin.identity.id, false, Nanos{0});
    ASSERT_TRUE(run_until([&] { return heard_of(ams, false); })) << log;
    EXPECT_LT(clock.now() - begin, seconds{1}) << "not with the next round";
}

// Two groups. Each node probes those of its own and the other's master; who does not answer, neither is asked nor asks.
TEST_F(AgentTest, MastersHaveNodesProbeEachOtherByStamp) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    fra.stamp_rtt = milliseconds{7};
    ASSERT_TRUE(run_until([&] { return ams.agent->group().is_master() || fra.agent->group().is_master(); })) << log;
    TestNode& par = add_node("par", "eu", false);
    TestNode& nyc = add_node("nyc", "us");
    const TestNode& master = ams.agent->group().is_master() ? ams : fra;
    const TestNode& other = &master == &ams ? fra : ams;
    const auto probes = [&](const TestNode& from, const TestNode& to) {
        const IpAddress address = controller->desired().records().at(to.identity.id).address;
        return std::ranges::count(from.stamped, address) > 1;
    };
    ASSERT_TRUE(run_until([&] { return probes(ams, fra) && probes(fra, ams) && probes(ams, nyc) && probes(fra, nyc); }))
        << log;
    ASSERT_TRUE(run_until([&] { return probes(nyc, master); })) << log;
    EXPECT_FALSE(probes(nyc, other)) << "another group's, and not its master";
    EXPECT_TRUE(par.stamped.empty());
    EXPECT_FALSE(probes(ams, par) || probes(fra, par) || probes(nyc, par));

    pass(Controller::kRound * 2);
    clock.skip_wall(std::chrono::hours{1});  // a series ends before the bucket that is being filled
    const auto told = [&](const char* metric) {
        return ask({{"do", "history"}, {"from", "fra"}, {"to", "ams"}, {"metric", metric}})["points"];
    };
    ASSERT_FALSE(told("stamp_rtt_ms").empty()) << log;
    EXPECT_EQ(told("stamp_rtt_ms")[0]["mean"], 7);
    EXPECT_NEAR(told("stamp_loss_ratio")[0]["mean"].get<double>(), 0.1, 1e-9);
    const auto rows = store->region_probes(clock.wall() - std::chrono::hours{2});
    ASSERT_TRUE(rows);
    EXPECT_TRUE(std::ranges::any_of(*rows, [](const RegionProbe& row) {
        return row.source_region == "eu" && row.target_region == "us" && row.tcp_delay == 7;
    })) << "fra to nyc";
}

TEST_F(AgentTest, LegsReachTheHistoryOfTheirNode) {
    TestNode& ams = add_node("ams");
    ams.legs[0] = {MeasurementSource::tcp_handshake, 20, 0, milliseconds{8}, milliseconds{9}, Nanos{0}, clock.now()};
    ams.legs[1] = {MeasurementSource::tcp_timestamp, 70, 0, milliseconds{2}, milliseconds{3}, Nanos{0}, clock.now()};
    pass(Agent::kReportInterval + Controller::kRound * 2);
    clock.skip_wall(std::chrono::hours{1});
    const auto told = [&](const char* metric) {
        return ask({{"do", "history"}, {"from", "ams"}, {"metric", metric}})["points"];
    };
    ASSERT_FALSE(told("client_rtt_ms").empty() || told("origin_rtt_ms").empty()) << log;
    EXPECT_EQ(told("client_rtt_ms")[0]["mean"], 9);
    EXPECT_EQ(told("origin_rtt_ms")[0]["mean"], 3);
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

TEST_F(AgentTest, ANodeServesFromItsAgentsFirstVisitOn) {
    add_node("ams");
    const auto fra = join_as("fra", token());
    ASSERT_TRUE(fra) << fra.error().text;
    ask({{"do", "service add"}, {"name", "web"}, {"vip", "10.99.0.80"}, {"origins", {{{"address", "10.2.0.10"}}}}});
    const auto egresses = [&] { return ask({{"do", "services"}})["services"][0]["egresses"]; };
    ASSERT_TRUE(run_until([&] { return egresses() == Json::array({"ams"}); })) << egresses();
    EXPECT_EQ(controller->shares().weight(fra->id), 0U) << "no client is sent there";
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"][1]["seen"], false);
    ASSERT_TRUE(save_identity(folder / "fra", *fra));
    nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, *fra, folder / "fra"));
    ASSERT_TRUE(run_until([&] { return egresses() == Json::array({"ams", "fra"}); })) << egresses();
    EXPECT_GT(controller->shares().weight(fra->id), 0U);
    nodes.clear();
    end_controller();
    start_controller(address.port);
    EXPECT_EQ(egresses(), Json::array({"ams", "fra"})) << "who was here serves on without its agent";
    EXPECT_GT(controller->shares().weight(fra->id), 0U);
}

TEST_F(AgentTest, AnswersOperatorsOfItsOwnMachine) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << log;
    ask({{"do", "service add"}, {"name", "web"}, {"vip", "10.99.0.80"}, {"origins", {{{"address", "10.2.0.10"}}}}});
    ams.measure(fra.identity.id, true, milliseconds{4});
    const auto told = [&](const std::string& what) {
        return Json::parse(ams.agent->answer(Json{{"do", what}}.dump()).value());
    };
    ASSERT_TRUE(run_until([&] { return told("status")["links_up"] == 1; })) << told("status");
    const Json own = told("links")["links"][0];
    EXPECT_EQ(own["from"], 1);
    EXPECT_EQ(own["to"], 2);
    EXPECT_NEAR(own["rtt_ms"].get<double>(), 4, 0.1);
    EXPECT_EQ(told("nodes")["nodes"][1]["name"], "fra");
    ASSERT_TRUE(run_until([&] { return told("services")["services"].size() == 1; }));
    EXPECT_EQ(told("services")["services"][0], [&] {
        Json row = ask({{"do", "services"}})["services"][0];
        row.erase("served");
        row.erase("vips_at");
        return row;
    }()) << "as the controller tells it";
    const Json status = told("status");
    EXPECT_EQ(status["name"], "ams");
    EXPECT_EQ(status["controller"], address.text());
    EXPECT_EQ(status["edge_runs"], true);
    EXPECT_FALSE(ams.agent->answer(R"({"do": "tokens"})"));
    EXPECT_FALSE(ams.agent->answer("nonsense"));
    end_controller();
    ASSERT_TRUE(run_until([&] { return told("status")["controller"].is_null(); }));
    EXPECT_EQ(told("nodes")["nodes"].size(), 2U) << "without a controller, too";
}

TEST_F(AgentTest, CommandsSayWhatIsWrongAndChangeNothing) {
    for (const char* const line :
         {"", "[]", "{}", R"({"do": "fly"})", R"({"do": "token create"})", R"({"do": "service put", "name": "web"})",
          R"({"do": "service put", "name": "a b", "vip": "10.0.0.1"})",
          R"({"do": "service put", "name": "web", "vip": "10.0.0.1", "egresses": ["nobody"]})",
          R"({"do": "service put", "name": "web", "vip": "10.0.0.1", "origins": [{"address": "fd00::1"}]})",
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
