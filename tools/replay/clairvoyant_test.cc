#include "tools/replay/clairvoyant.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace izar {
namespace {

float cost_of(const std::vector<std::vector<float>>& costs, const std::vector<std::size_t>& course, float switch_cost) {
    float sum = 0;
    for (std::size_t s = 0; s < costs.size(); ++s)
        sum += costs[s][course[s]] + (s > 0 && course[s] != course[s - 1] ? switch_cost : 0.0F);
    return sum;
}

RC_GTEST_PROP(CheapestCourse, NoCourseIsCheaper, ()) {
    const auto slices = *rc::gen::inRange<std::size_t>(1, 6);
    const auto candidates = *rc::gen::inRange<std::size_t>(1, 4);
    const auto switch_cost = static_cast<float>(*rc::gen::inRange(0, 60));
    std::vector<std::vector<float>> costs(slices, std::vector<float>(candidates));
    for (auto& slice : costs)
        for (auto& cost : slice)
            cost = static_cast<float>(*rc::gen::inRange(1, 100));
    const auto course = cheapest_course(costs, switch_cost);
    float least = std::numeric_limits<float>::infinity();
    const auto courses = static_cast<std::size_t>(std::pow(candidates, slices));
    for (std::size_t number = 0; number < courses; ++number) {
        std::vector<std::size_t> other;
        for (std::size_t rest = number; other.size() < slices; rest /= candidates)
            other.push_back(rest % candidates);
        least = std::min(least, cost_of(costs, other, switch_cost));
    }
    RC_ASSERT(cost_of(costs, course, switch_cost) == least);
}

// With all of the future known, planning anew in each slice costs what planning once does.
RC_GTEST_PROP(CourseWithForesight, AllOfItIsTheCheapest, ()) {
    const auto slices = *rc::gen::inRange<std::size_t>(1, 6);
    std::vector<std::vector<float>> costs(slices, std::vector<float>(3));
    for (auto& slice : costs)
        for (auto& cost : slice)
            cost = static_cast<float>(*rc::gen::inRange(1, 100));
    const float least = cost_of(costs, cheapest_course(costs, 30), 30);
    RC_ASSERT(cost_of(costs, course_with_foresight(costs, 30, slices), 30) == least);
    RC_ASSERT(cost_of(costs, course_with_foresight(costs, 30, kAllSlices), 30) == least);
    RC_ASSERT(cost_of(costs, course_with_foresight(costs, 30, 0), 30) >= least);
}

// What is dear for two slices is left if two are known, not if one is: moving away and back costs 30 each.
TEST(CourseWithForesight, MovesForWhatItSees) {
    const std::vector<std::vector<float>> costs{{10, 40}, {30, 10}, {30, 10}, {30, 10}};
    EXPECT_EQ(course_with_foresight(costs, 30, 0), (std::vector<std::size_t>{0, 0, 0, 0}));
    EXPECT_EQ(course_with_foresight(costs, 30, 1), (std::vector<std::size_t>{0, 1, 1, 1}));
}

// Two ways from 0 to 1 that take turns in being the better one.
TEST(CheapestCourses, SwitchOnlyWhereItPays) {
    std::vector<RttMatrix> slices;
    for (int s = 0; s < 4; ++s) {
        RttMatrix slice(3);
        for (std::size_t from = 0; from < 3; ++from)
            for (std::size_t to = 0; to < 3; ++to)
                if (from != to)
                    slice.set(from, to, 100);
        slice.set(0, 1, s % 2 == 0 ? 20 : 60);
        slice.set(0, 2, 20);
        slice.set(2, 1, 20);
        slices.push_back(slice);
    }
    const std::vector<const RttMatrix*> series{&slices[0], &slices[1], &slices[2], &slices[3]};
    const auto free = cheapest_courses(series, 0);
    EXPECT_NEAR(free.over_oracle, 0, 1e-6);
    EXPECT_GT(free.switched, 0);
    const auto dear = cheapest_courses(series, 1000);
    EXPECT_EQ(dear.switched, 0);
    EXPECT_GT(dear.over_oracle, 0);
}

}  // namespace
}  // namespace izar
