// Link secrets of a real controller and real agents while they are replaced.
#include "ctrl/agent/testing/agent_fleet.h"

namespace izar {
namespace {

using std::chrono::seconds;
using Json = nlohmann::json;

class LinkSecretsTest : public AgentFleetTest {
  protected:
    void SetUp() override {
        AgentFleetTest::SetUp();
        for (const char* const name : {"ams", "fra", "sin"}) {
            add_node(name);
        }
        ASSERT_TRUE(run_until([&] { return knows(node(0), 3) && knows(node(1), 3) && knows(node(2), 3); })) << log;
        ASSERT_TRUE(run_until([&] { return ask({{"do", "nodes"}})["nodes"][2]["seen"] == true; })) << log;
    }
    TestNode& node(std::size_t place) { return *nodes[place]; }
    static const StaticData& held(const TestNode& node) { return node.agent->static_data(); }
    std::uint32_t rekey() { return ask({{"do", "link rekey"}})["link_generation"]; }
    Json status() { return ask({{"do", "status"}}); }
    bool nobody_behind() { return status()["nodes_behind"] == 0; }

    // The agent of the last node goes, and may come back with what it kept.
    void end_last() {
        away = node(2).identity;
        nodes.pop_back();
        ASSERT_TRUE(run_until([&] { return controller->agents().size() == 2; })) << log;
    }
    TestNode& start_last() {
        nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, away, folder / "sin"));
        return *nodes.back();
    }
    // The secrets of the link between two nodes are the same at both ends.
    static void expect_same(const TestNode& one, const TestNode& other) {
        EXPECT_EQ(held(one).secrets.at(other.identity.id), held(other).secrets.at(one.identity.id));
    }

    Identity away;
};

TEST_F(LinkSecretsTest, ANewGenerationReachesAllAndTheFormerOneGoes) {
    const LinkSecret before = held(node(0)).secrets.at(node(1).identity.id);
    EXPECT_EQ(before, derive_link_secret(MasterSecret{1}, node(0).identity.id, node(1).identity.id));
    EXPECT_EQ(rekey(), 1U);
    EXPECT_EQ(status()["nodes_behind"], 3);
    ASSERT_TRUE(run_until([&] { return !held(node(0)).former_secrets.empty(); })) << log;
    EXPECT_EQ(held(node(0)).former_secrets.at(node(1).identity.id), before);
    ASSERT_TRUE(run_until([&] { return nobody_behind(); }, seconds{2})) << "no round is waited for\n" << log;
    ASSERT_TRUE(run_until([&] {
        return std::ranges::all_of(nodes, [](const auto& each) { return held(*each).former_secrets.empty(); });
    })) << log;
    EXPECT_NE(held(node(0)).secrets.at(node(1).identity.id), before);
    expect_same(node(0), node(1));
    expect_same(node(0), node(2));
    expect_same(node(1), node(2));
    EXPECT_NE(log.find("every node has generation 1"), std::string::npos) << log;
    const LinkSecret first = held(node(0)).secrets.at(node(1).identity.id);
    EXPECT_EQ(rekey(), 2U);
    ASSERT_TRUE(run_until([&] { return nobody_behind(); })) << log;
    EXPECT_NE(held(node(0)).secrets.at(node(1).identity.id), first);
}

TEST_F(LinkSecretsTest, ANodeWhoseAgentIsAwayKeepsItsLinks) {
    const LinkSecret before = held(node(0)).secrets.at(node(2).identity.id);
    end_last();
    rekey();
    const NodeId sin = away.id;
    const NodeId fra = node(1).identity.id;
    ASSERT_TRUE(run_until([&] { return status()["nodes_behind"] == 1; })) << log;
    ASSERT_TRUE(run_until([&] { return !held(node(0)).former_secrets.contains(fra); })) << log;
    EXPECT_EQ(held(node(0)).former_secrets.at(sin), before) << "and its links alone";
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"][2]["link_generation"], 0);
    EXPECT_EQ(ask({{"do", "nodes"}})["nodes"][1]["link_generation"], 1);
    rekey();
    ASSERT_TRUE(run_until([&] { return status()["nodes_behind"] == 1; })) << log;
    EXPECT_EQ(held(node(0)).former_secrets.at(sin), before) << "what it has, not the one in between";
    // Another controller leads, and another life of it.
    end_controller();
    start_controller(address.port);
    ASSERT_TRUE(run_until([&] { return controller->agents().size() == 2; })) << log;
    EXPECT_EQ(status()["link_generation"], 2);
    EXPECT_EQ(status()["nodes_behind"], 1);
    TestNode& back = start_last();
    ASSERT_TRUE(run_until([&] { return nobody_behind(); })) << log;
    ASSERT_TRUE(run_until([&] { return held(node(0)).former_secrets.empty() && held(back).former_secrets.empty(); }));
    expect_same(node(0), back);
    expect_same(node(1), back);
    EXPECT_EQ(store->documents()->back().body.find("generation: 1 "), std::string::npos) << "nobody needs it";
}

TEST_F(LinkSecretsTest, AControllerThatIsKilledMeanwhileIsFollowedByOneThatGoesOn) {
    rekey();
    end_controller();  // before it heard of anybody
    start_controller(address.port);
    EXPECT_EQ(status()["nodes_behind"], 3);
    ASSERT_TRUE(run_until([&] { return nobody_behind(); })) << log;
    expect_same(node(0), node(1));
    EXPECT_TRUE(run_until([&] { return held(node(0)).former_secrets.empty(); })) << log;
}

TEST_F(LinkSecretsTest, ARevokedNodeIsNotWaitedFor) {
    end_last();
    rekey();
    ASSERT_TRUE(run_until([&] { return status()["nodes_behind"] == 1; })) << log;
    ask({{"do", "node revoke"}, {"node", "sin"}});
    ASSERT_TRUE(run_until([&] { return nobody_behind(); })) << log;
    EXPECT_TRUE(ask({{"do", "nodes"}})["nodes"][2]["link_generation"].is_null());
}

TEST_F(LinkSecretsTest, WhoJoinsLaterHasTheNewestAlone) {
    rekey();
    TestNode& par = add_node("par");
    ASSERT_TRUE(run_until([&] { return knows(par, 4); })) << log;
    ASSERT_TRUE(run_until([&] { return nobody_behind() && held(node(0)).secrets.contains(par.identity.id); })) << log;
    expect_same(par, node(0));
}

// Seeds that other controllers sealed, or nobody: other secrets would cut every link, so nothing is told.
TEST_F(LinkSecretsTest, ADamagedDocumentIsNotFollowed) {
    rekey();
    ASSERT_TRUE(run_until([&] { return nobody_behind(); })) << log;
    const auto before = held(node(0)).secrets;
    ASSERT_TRUE(
        store->set_document(kLinkSecretsDocument, "generation: 2 " + std::string(128, '0') + " -\n", clock.wall()));
    const auto read = controller->refresh();
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().text.find("link-master.key"), std::string::npos) << read.error().text;
    pass(seconds{10});
    EXPECT_EQ(held(node(0)).secrets, before);
}

}  // namespace
}  // namespace izar
