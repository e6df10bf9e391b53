#include "dataplane/base/check.h"

#include <gtest/gtest.h>

namespace {

TEST(Check, PassesWhatHoldsAndEvaluatesItOnce) {
    int evaluations = 0;
    CHECK(++evaluations == 1);
    EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, EndsTheProcessAndNamesTheBrokenCondition) {
    const int flows = 3;
    EXPECT_DEATH(CHECK(flows == 4), "bug at .*check_test.cc:[0-9]+: flows == 4 does not hold");
}

}  // namespace
