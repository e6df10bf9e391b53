// A scheduler that is listened to, and its trace: replaying must give the decisions that it took.
#include "tools/trace/trace_replay.h"

#include <gtest/gtest.h>

#include <sstream>

#include "sched/testing/test_node.h"
#include "tools/trace/trace_format.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

class TextListener final : public SchedulerListener {
  public:
    void on_report(const LinkReport& report, Instant now) noexcept override {
        text += trace_line(TraceReport{now, report});
    }
    void on_update(const std::shared_ptr<const FeedUpdate>& update, Instant now) noexcept override {
        text += trace_line(TraceUpdate{now, update});
    }
    std::string text = trace_line(TraceHead{1500});
};

// Node 0 with links to 1, 2 and 3; at first 0-2-3 is the fastest way to 3.
class TraceReplayTest : public testing::Test {
  protected:
    TraceReplayTest() { node.scheduler.set_listener(listener); }

    // Everybody measures for a while; notes each path to 3 that comes into use.
    void live(Nanos span) {
        for (const Instant end = node.now + span; node.now < end;) {
            node.measure(1, 15ms);
            if (two_lives) {
                node.measure(2, rtt_2);
            }
            node.measure(3, 60ms);
            node.tell(1, 3, 35ms);
            node.tell(2, 3, 20ms);
            node.run(50ms);
            if (taken.empty() || taken.back() != node.path_to(3)) {
                taken.push_back(node.path_to(3));
            }
        }
    }
    std::vector<TraceDecision> replayed() {
        std::vector<TraceDecision> out;
        std::istringstream trace(listener.text);
        const auto summary = replay_trace(trace, "a.trace", [&](const TraceDecision& d) { out.push_back(d); });
        EXPECT_TRUE(summary.has_value());
        EXPECT_EQ(summary->decisions, out.size());
        return out;
    }

    TestNode node{4};
    TextListener listener;
    Nanos rtt_2 = 10ms;
    bool two_lives = true;
    std::vector<std::string> taken;
};

TEST_F(TraceReplayTest, TellsTheDecisionsThatTheNodeTook) {
    live(2s);
    rtt_2 = 200ms;
    live(2s);
    rtt_2 = 10ms;
    live(5s);
    node.lose(2);
    two_lives = false;
    live(500ms);
    ASSERT_EQ(taken, (std::vector<std::string>{"0-2-3", "0-1-3", "0-2-3", "0-1-3"}));
    std::vector<std::string> again;
    std::vector<std::string> why;
    for (const TraceDecision& decision : replayed()) {
        if (decision.destination == "n3" && decision.path != std::vector<std::string>{"n3"}) {
            again.push_back("0-" + decision.path[0].substr(1) + "-" + decision.path[1].substr(1));
            why.push_back(decision.why);
        }
    }
    EXPECT_EQ(again, taken);
    ASSERT_EQ(why.size(), 4u);
    EXPECT_EQ(why[1], "better by both margins");
    EXPECT_EQ(why[3], "the one before failed");
}

TEST_F(TraceReplayTest, EachDecisionComesWithItsCandidates) {
    live(1s);
    const auto decisions = replayed();
    ASSERT_FALSE(decisions.empty());
    const std::string text = text_of(decisions.back());
    EXPECT_NE(text.find("policy default"), std::string::npos) << text;
    EXPECT_NE(text.find("in use"), std::string::npos) << text;
    EXPECT_FALSE(decisions.back().candidates.empty());
    EXPECT_LE(decisions.back().at, 1s);
}

TEST_F(TraceReplayTest, WhatIsWrongIsToldWithFileAndLine) {
    const auto error_of = [](const std::string& text) {
        std::istringstream trace(text);
        const auto summary = replay_trace(trace, "a.trace", [](const TraceDecision&) {});
        return summary ? "" : summary.error().text;
    };
    EXPECT_EQ(error_of(""), "a.trace: is empty; record one with izar-edge --trace FILE");
    EXPECT_EQ(error_of(trace_line(TraceLoss{1})),
              "a.trace:1: is an event before the first line of a trace; give the file from its beginning");
    EXPECT_EQ(error_of(trace_line(TraceHead{}) + "{}\n"),
              "a.trace:2: is no event of a trace; is the file one that izar-edge --trace wrote?");
}

}  // namespace
}  // namespace izar
