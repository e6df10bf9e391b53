#include "sched/scheduler_view.h"

#include <utility>

namespace izar {

template <typename Answer>
std::optional<Answer> SchedulerView::ask(Question question, Nanos patience,
                                         std::optional<Answer> SchedulerView::*answer) {
    const std::lock_guard alone{one_asks_};
    std::unique_lock lock{mutex_};
    question.number = ++last_number_;
    question_ = question;
    (this->*answer).reset();
    asked_.store(true, std::memory_order_release);
    answered_.wait_for(lock, patience, [&] { return (this->*answer).has_value(); });
    question_.reset();
    asked_.store(false, std::memory_order_relaxed);
    return std::exchange(this->*answer, std::nullopt);
}

std::optional<SchedulerStatus> SchedulerView::ask_status(Nanos patience) {
    return ask(Question{.kind = Question::Kind::status}, patience, &SchedulerView::status_);
}

std::optional<Explanation> SchedulerView::ask_explanation(NodeId from, NodeId to, std::string policy, Nanos patience) {
    return ask(Question{.kind = Question::Kind::explanation, .from = from, .to = to, .policy = std::move(policy)},
               patience, &SchedulerView::explanation_);
}

std::optional<SchedulerView::Question> SchedulerView::take_question() {
    if (!asked_.load(std::memory_order_acquire)) {
        return std::nullopt;
    }
    const std::lock_guard lock{mutex_};
    asked_.store(false, std::memory_order_relaxed);
    return std::exchange(question_, std::nullopt);
}

void SchedulerView::answer(const Question& question, SchedulerStatus status) {
    const std::lock_guard lock{mutex_};
    if (question.number == last_number_) {  // else nobody waits for it any more
        status_ = std::move(status);
        answered_.notify_all();
    }
}

void SchedulerView::answer(const Question& question, Explanation explanation) {
    const std::lock_guard lock{mutex_};
    if (question.number == last_number_) {
        explanation_ = std::move(explanation);
        answered_.notify_all();
    }
}

}  // namespace izar
