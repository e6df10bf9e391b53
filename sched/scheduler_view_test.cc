#include "sched/scheduler_view.h"

#include <gtest/gtest.h>

#include <thread>

namespace izar {
namespace {

using namespace std::chrono_literals;

TEST(SchedulerView, NobodyAnswersNothingIsTold) {
    SchedulerView view;
    EXPECT_FALSE(view.take_question().has_value());
    EXPECT_FALSE(view.ask_status(1ms).has_value());
    EXPECT_FALSE(view.take_question().has_value()) << "a question that nobody waits for is withdrawn";
}

TEST(SchedulerView, AnAnswerGoesToItsQuestionOnly) {
    SchedulerView view;
    std::optional<SchedulerStatus> late;
    std::optional<Explanation> told;
    std::thread main{[&] {
        late = view.ask_status(1ms);  // gives up
        told = view.ask_explanation(NodeId{1}, NodeId{2}, "eu-only", 10s);
    }};
    std::optional<SchedulerView::Question> first;
    std::optional<SchedulerView::Question> second;
    while (!second) {  // the first is withdrawn unless it is taken in its 1 ms
        if (auto question = view.take_question()) {
            (question->kind == SchedulerView::Question::Kind::status ? first : second) = question;
        }
    }
    EXPECT_EQ(second->to, NodeId{2});
    EXPECT_EQ(second->policy, "eu-only");
    if (first) {
        view.answer(*first, SchedulerStatus{.published = 5});
    }
    view.answer(*second, Explanation{.why = "this"});
    main.join();
    EXPECT_FALSE(late.has_value());
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->why, "this");
}

}  // namespace
}  // namespace izar
