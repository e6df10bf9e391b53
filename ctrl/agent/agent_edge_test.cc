// Nodes whose izar-edge dies while their agent lives, as their controller sees them.
#include <fcntl.h>
#include <sys/mman.h>

#include <set>

#include "ctrl/agent/testing/agent_fleet.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Json = nlohmann::json;

// From the last heartbeat to the withdrawal, without what it takes to say so and to judge.
constexpr Nanos kUntilWithdrawn = RingEnd::kSilence + Health::kLongestSilence;

class AgentEdgeTest : public AgentFleetTest {
  protected:
    void SetUp() override {
        AgentFleetTest::SetUp();
        for (const char* const name : {"ams", "fra", "sin"}) {
            add_node(name);
        }
        ASSERT_TRUE(run_until([&] { return std::ranges::all_of(nodes, [](const auto& n) { return knows(*n, 3); }); }))
            << log;
        measure_all();
        ASSERT_TRUE(run_until([&] { return controller->mesh().rows().size() == 6; })) << log;
    }
    void measure_all() {
        for (const auto& from : nodes) {
            for (const auto& to : nodes) {
                if (from != to) {
                    from->measure(to->identity.id, true, milliseconds{4});
                }
            }
        }
    }
    // All others measure of their link to it.
    void hear(const TestNode& node, bool up) {
        for (const auto& other : nodes) {
            if (other.get() != &node) {
                other->measure(node.identity.id, up, milliseconds{4});
            }
        }
    }
    void kill_edge(TestNode& node) {
        node.edge.reset();
        hear(node, false);
    }
    bool is_withdrawn(const TestNode& node) const { return controller->health().withdrawn(node.identity.id); }
    bool has_row(const TestNode& node) const {
        std::size_t links = 0;
        controller->mesh().rows().for_each(
            [&](const FeedLink& link) { links += link.from == node.identity.id ? 1 : 0; });
        return links > 0;
    }
    Json row_of(const std::string& name) {
        const Json told = ask({{"do", "nodes"}})["nodes"];
        for (const Json& row : told) {
            if (row["name"] == name) {
                return row;
            }
        }
        return {};
    }
};

TEST_F(AgentEdgeTest, ANodeWhoseEdgeDiesIsOutOfUseUntilItIsBack) {
    TestNode& fra = *nodes[1];
    EXPECT_EQ(row_of("fra")["edge_runs"], true);
    EXPECT_GT(controller->shares().weight(fra.identity.id), 0U);
    const Instant begin = clock.now();
    kill_edge(fra);
    ASSERT_TRUE(run_until([&] { return row_of("fra")["edge_runs"] == false; }, seconds{4})) << log;
    EXPECT_FALSE(has_row(fra)) << "what it measured is not known any more";
    EXPECT_FALSE(is_withdrawn(fra));
    ASSERT_TRUE(run_until([&] { return is_withdrawn(fra); }, seconds{10})) << log;
    EXPECT_GE(clock.now() - begin, Health::kLongestSilence);
    EXPECT_LE(clock.now() - begin, kUntilWithdrawn + seconds{2});
    EXPECT_TRUE(fra.agent->connected()) << "its agent lives";
    clock.skip_wall(std::chrono::hours{1});
    pass(2 * Controller::kRound);
    EXPECT_FALSE(has_row(fra)) << "nor is it told again";
    EXPECT_EQ(controller->shares().weight(fra.identity.id), 0U) << "no client is sent there";
    const std::string address = controller->desired().records().at(fra.identity.id).address.text();
    const auto metrics = store->link_metrics().value();
    for (const LinkMetric& metric : metrics) {
        const bool of_the_dead = metric.source_ip == address || metric.destination_ip == address;
        EXPECT_EQ(of_the_dead, metric.updated_at < clock.wall()) << metric.source_ip << " " << metric.destination_ip;
    }
    const Json status = Json::parse(fra.agent->answer(R"({"do": "status"})").value());
    EXPECT_EQ(status["edge_runs"], false);
    EXPECT_EQ(status["links_up"], 0);
    EXPECT_NE(log.find("its agent says that izar-edge does not run"), std::string::npos) << log;

    fra.start_edge();
    ASSERT_TRUE(run_until([&] { return !is_withdrawn(fra); }, seconds{5})) << log;
    ASSERT_TRUE(run_until([&] { return knows(fra, 3); })) << fra.log;
    measure_all();
    EXPECT_TRUE(run_until([&] { return has_row(fra); })) << log;
    EXPECT_TRUE(run_until([&] { return controller->shares().weight(fra.identity.id) > 0; })) << log;
}

TEST_F(AgentEdgeTest, ARestartOfAnEdgeTakesNobodyOutOfUse) {
    TestNode& fra = *nodes[1];
    for (const Nanos away : {Nanos{milliseconds{300}}, kUntilWithdrawn - seconds{1}}) {
        kill_edge(fra);
        pass(away);
        fra.start_edge();
        pass(seconds{2});
        hear(fra, true);
        pass(kUntilWithdrawn);
        EXPECT_EQ(log.find("withdrawn"), std::string::npos) << log;
        EXPECT_EQ(row_of("fra")["edge_runs"], true);
    }
}

// The summary that its agent has, also when no controller is there to send a newer one.
TEST_F(AgentEdgeTest, ANewLifeOfAnEdgeHearsOfOthersLinksAgain) {
    TestNode& ams = *nodes[0];
    const auto hears_of_others = [&] {
        return std::ranges::any_of(ams.links, [&](const FeedLink& link) {
            return link.from == nodes[1]->identity.id && link.to == nodes[2]->identity.id;
        });
    };
    for (const auto& [from, to] : {std::pair{0, 2}, std::pair{2, 0}}) {
        nodes[from]->measure(nodes[to]->identity.id, true, milliseconds{400});  // so that a path over fra is the best
    }
    ASSERT_TRUE(run_until(hears_of_others)) << log;
    end_controller();
    for (int life = 0; life < 2; ++life) {
        ams.edge.reset();
        ams.links.clear();
        ams.start_edge();
        EXPECT_TRUE(run_until(hears_of_others, seconds{4})) << ams.log;
    }
}

TEST_F(AgentEdgeTest, NeighboursThatHearItKeepItInUse) {
    TestNode& fra = *nodes[1];
    fra.edge.reset();  // of its lcores nobody knows
    pass(3 * kUntilWithdrawn);
    EXPECT_FALSE(is_withdrawn(fra));
    EXPECT_FALSE(has_row(fra));
    hear(fra, false);
    EXPECT_TRUE(run_until([&] { return is_withdrawn(fra); })) << log;
}

TEST_F(AgentEdgeTest, AnAgentThatComesBackAloneBringsNobodyBack) {
    const Identity identity = nodes[1]->identity;
    const std::string where = nodes[1]->folder;
    kill_edge(*nodes[1]);
    nodes.erase(nodes.begin() + 1);
    ASSERT_TRUE(run_until([&] { return controller->health().withdrawn(identity.id); })) << log;
    nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, identity, where, true, false));
    TestNode& fra = *nodes.back();
    ASSERT_TRUE(run_until([&] { return row_of("fra")["edge_runs"] == false; })) << log;
    pass(2 * kUntilWithdrawn);
    EXPECT_TRUE(is_withdrawn(fra));
    EXPECT_EQ(log.find("node 2 is in use again"), std::string::npos) << log;
    fra.start_edge();
    EXPECT_TRUE(run_until([&] { return !is_withdrawn(fra); })) << log;
}

TEST_F(AgentEdgeTest, AMasterWithoutItsEdgeGivesTheLeadUp) {
    const auto leads = [](const TestNode& node) { return node.agent->group().is_master(); };
    const auto master = [&] { return std::ranges::find_if(nodes, [&](const auto& node) { return leads(*node); }); };
    ASSERT_TRUE(run_until([&] { return master() != nodes.end(); })) << log;
    TestNode& former = **master();
    kill_edge(former);
    pass(2 * kGroupLease);
    ASSERT_NE(master(), nodes.end());
    EXPECT_NE(master()->get(), &former);
    EXPECT_EQ(ask({{"do", "groups"}})["groups"][0]["master"], (*master())->identity.name);
    pass(2 * kGroupLease);
    EXPECT_FALSE(leads(former));
}

TEST_F(AgentEdgeTest, ADrainedNodeIsEmptyWhenItsEdgeIsDead) {
    TestNode& fra = *nodes[1];
    fra.flows = 3;
    ask({{"do", "node drain"}, {"node", "fra"}});
    ASSERT_TRUE(run_until([&] { return row_of("fra")["flows"] == 3; })) << log;
    EXPECT_EQ(row_of("fra")["empty"], false);
    kill_edge(fra);
    EXPECT_TRUE(run_until([&] { return row_of("fra")["empty"] == true; }, seconds{20})) << row_of("fra");
    EXPECT_TRUE(row_of("fra")["flows"].is_null());
}

// An izar-edge of a given minor version, as far as it shows: in its mark, and in what it says of its row.
class SkewedEdge {
  public:
    SkewedEdge(const TestNode& node, NodeId to) : from_(node.identity.id), to_(to), path_(shared_path(node.folder)) {
        end_ = std::move(*RingEnd::open(path_, RingSide::edge, 99));
    }
    void set_minor_version(std::uint32_t version) const {
        const FileDescriptor file{::open(path_.c_str(), O_RDWR | O_CLOEXEC)};
        void* const memory = mmap(nullptr, ring::kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
        ASSERT_NE(memory, MAP_FAILED);
        static_cast<ring::Shared*>(memory)->head.edge.minor_version.store(version);
        munmap(memory, ring::kSharedBytes);
    }
    // With a kind that nobody knows before and after.
    void work(Instant now) {
        (void)end_->poll(now);
        while (const auto message = end_->receive()) {
            heard.insert(message->kind);
        }
        if (end_->synchronised() && now - told_at_ >= seconds{1}) {
            told_at_ = now;
            end_->send(ring::Kind{200}, ring::FeedNodeBody{});
            end_->send(ring::Kind::own_link,
                       ring::Link{.from = raw(from_), .to = raw(to_), .reachable = 1, .rtt_us = 5'000, .count = 3});
            end_->send(ring::Kind{201}, ring::FeedNodeBody{});
            end_->send(ring::Kind::own_row_end, ring::RowEnd{.stamp_port = kStampPort});
        }
    }
    std::set<ring::Kind> heard;

  private:
    NodeId from_;
    NodeId to_;
    std::string path_;
    std::unique_ptr<RingEnd> end_;
    Instant told_at_{};
};

TEST_F(AgentEdgeTest, AnEdgeAVersionOlderIsHeardAndAskedNothingThatItDoesNotKnow) {
    TestNode& fra = *nodes[1];
    fra.edge.reset();
    SkewedEdge older(fra, nodes[0]->identity.id);
    older.set_minor_version(ring::kStampMinorVersion - 1);
    const auto runs_until = [&](auto condition) {
        return run_until([&] {
            older.work(clock.now());
            return condition();
        });
    };
    const auto probes_fra = [&] {
        const IpAddress address = controller->desired().records().at(fra.identity.id).address;
        return std::ranges::count(nodes[0]->stamped, address) > 2;
    };
    ASSERT_TRUE(runs_until([&] {
        const auto link = controller->mesh().rows().find(fra.identity.id, nodes[0]->identity.id);
        return link && link->rtt == milliseconds{5};
    })) << log;
    EXPECT_EQ(row_of("fra")["edge_runs"], true);
    ASSERT_TRUE(runs_until([&] { return row_of("fra")["flows"].is_null(); })) << "it does not tell";
    ASSERT_TRUE(runs_until(probes_fra)) << "the master assigns STAMP probes among all";
    EXPECT_TRUE(older.heard.contains(ring::Kind::static_commit));
    EXPECT_FALSE(older.heard.contains(ring::Kind::stamp_task));
    older.set_minor_version(ring::kMinorVersion + 1);
    EXPECT_TRUE(runs_until([&] { return older.heard.contains(ring::Kind::stamp_task); })) << "a newer one knows it";
    EXPECT_FALSE(is_withdrawn(fra));
}

}  // namespace
}  // namespace izar
