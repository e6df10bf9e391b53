// Rows of links as summaries, between a real agent and a real controller.
#include "ctrl/agent/testing/agent_fleet.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AgentRowsTest : public AgentFleetTest {
  protected:
    static constexpr int kOthers = 30;  // so many links are fewer bytes as a summary

    // One node with an agent, and others that joined and never came.
    TestNode& add_fleet() {
        TestNode& ams = add_node("ams");
        const std::string many = token(kOthers);
        for (int i = 0; i < kOthers; ++i) {
            others.push_back(join_as("n" + std::to_string(i), many).value().id);
        }
        EXPECT_TRUE(run_until([&] { return knows(ams, kOthers + 1); })) << ams.log << log;
        for (std::size_t i = 0; i < others.size(); ++i) {
            ams.measure(others[i], true, milliseconds{10 + i});
        }
        return ams;
    }
    std::uint32_t generation() const {
        const auto agents = controller->agents();
        return agents.empty() ? 0 : agents[0].row_generation;
    }
    std::optional<FeedLink> told(std::size_t other) const {
        return controller->mesh().rows().find(nodes[0]->identity.id, others[other]);
    }
    // As the controller has it.
    bool is_told(std::size_t other, double ms) const {
        const auto link = told(other);
        const double rtt = link ? std::chrono::duration<double, std::milli>(link->rtt).count() : 0;
        return link && link->reachable && rtt >= ms - 0.01 && rtt <= ms * 1.02;
    }

    std::vector<NodeId> others;
};

TEST_F(AgentRowsTest, TheControllerHasTheRowThatAnAgentSummarizes) {
    TestNode& ams = add_fleet();
    ASSERT_TRUE(run_until([&] { return generation() > 0; })) << ams.log << log;
    const std::uint32_t first = generation();
    for (std::size_t i = 0; i < others.size(); ++i) {
        EXPECT_TRUE(is_told(i, 10.0 + static_cast<double>(i))) << i;
    }
    for (int i = 0; i < 60; ++i) {
        ams.measure(others[4], true, milliseconds{200});
    }
    ASSERT_TRUE(run_until([&] { return told(4)->rtt > milliseconds{190}; })) << log;
    EXPECT_GT(generation(), first) << "by a change of that summary";
    EXPECT_TRUE(is_told(5, 15));
}

TEST_F(AgentRowsTest, DeathsDoNotWaitForARow) {
    TestNode& ams = add_fleet();
    ASSERT_TRUE(run_until([&] { return generation() > 0; })) << ams.log << log;
    const Instant begin = clock.now();
    ams.measure(others[7], false, Nanos{0});
    ASSERT_TRUE(run_until([&] { return !told(7)->reachable; })) << log;
    EXPECT_LT(clock.now() - begin, seconds{1});
    const std::uint32_t before = generation();
    ASSERT_TRUE(run_until([&] { return generation() > before; }));
    EXPECT_FALSE(told(7)->reachable) << "by the next summary, too";
}

TEST_F(AgentRowsTest, ANewControllerGetsAWholeRow) {
    TestNode& ams = add_fleet();
    ASSERT_TRUE(run_until([&] { return generation() > 1; })) << ams.log << log;
    end_controller();
    start_controller(address.port);
    ASSERT_TRUE(run_until([&] { return told(3).has_value(); })) << ams.log << log;
    EXPECT_TRUE(is_told(3, 13));
    ASSERT_TRUE(run_until([&] { return generation() > 1; })) << ams.log << log;
    EXPECT_TRUE(is_told(3, 13));
    EXPECT_EQ(controller->mesh().rows().size(), static_cast<std::size_t>(kOthers));
}

TEST_F(AgentRowsTest, ANodeThatJoinsIsInTheNextRow) {
    TestNode& ams = add_fleet();
    ASSERT_TRUE(run_until([&] { return generation() > 0; })) << ams.log << log;
    others.push_back(join_as("late", token()).value().id);
    ASSERT_TRUE(run_until([&] { return knows(ams, kOthers + 2); })) << ams.log << log;
    ams.measure(others.back(), true, milliseconds{77});
    ASSERT_TRUE(run_until([&] { return told(others.size() - 1).has_value(); })) << ams.log << log;
    EXPECT_TRUE(is_told(others.size() - 1, 77));
    const std::uint32_t before = generation();
    EXPECT_TRUE(run_until([&] { return generation() > before; })) << "and summaries go on";
}

}  // namespace
}  // namespace izar
