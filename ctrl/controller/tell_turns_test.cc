#include "ctrl/controller/tell_turns.h"

#include <gtest/gtest.h>

#include <vector>

namespace izar {
namespace {

using std::chrono::milliseconds;

class TellTurnsTest : public testing::Test {
  protected:
    void run() {
        while (turns.waiting() > 0) {
            ++loops;
            loop->run_once(Nanos{0});
        }
    }
    Instant now{std::chrono::seconds{100}};
    Nanos cost{};  // of telling one
    std::vector<NodeId> told;
    std::function<void(NodeId)> meanwhile = [](NodeId) {};
    int loops = 0;
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make([this] { return now; }));
    TellTurns turns{*loop, [this](NodeId node) {
                        told.push_back(node);
                        now += cost;
                        meanwhile(node);
                    }};
};

TEST_F(TellTurnsTest, EachIsToldOnceAndNotBeforeTheLoopTurns) {
    for (const std::uint16_t node : {3, 1, 3, 2, 1}) {
        turns.add(NodeId{node});
    }
    EXPECT_TRUE(told.empty());
    run();
    EXPECT_EQ(told, (std::vector{NodeId{1}, NodeId{2}, NodeId{3}}));
    EXPECT_EQ(loops, 1);
}

TEST_F(TellTurnsTest, ATurnEndsWithItsTime) {
    cost = milliseconds{2};
    for (std::uint16_t node = 1; node <= 7; ++node) {
        turns.add(NodeId{node});
    }
    run();
    EXPECT_EQ(told.size(), 7U);
    EXPECT_EQ(loops, 3) << "three a turn";
}

TEST_F(TellTurnsTest, WhoIsAddedAgainWaitsForTheOthers) {
    cost = milliseconds{10};
    meanwhile = [&](NodeId node) {
        if (node == NodeId{1} && told.size() < 4) {
            turns.add(node);
        }
    };
    for (const std::uint16_t node : {1, 2, 3}) {
        turns.add(NodeId{node});
    }
    run();
    EXPECT_EQ(told, (std::vector{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{1}}));
}

}  // namespace
}  // namespace izar
