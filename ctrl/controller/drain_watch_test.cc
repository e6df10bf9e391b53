#include "ctrl/controller/drain_watch.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using std::chrono::seconds;

constexpr NodeId kFra{2};

class DrainWatchTest : public testing::Test {
  protected:
    void pass(seconds span) { now += span; }
    DrainWatch watch;
    Instant now{seconds{100}};
};

TEST_F(DrainWatchTest, EmptyWhenNothingIsLeftAfterAllWereTold) {
    watch.look({kFra}, true, now);
    pass(seconds{5});
    watch.take_count(kFra, 3, now);
    EXPECT_FALSE(watch.is_empty(kFra));
    pass(seconds{5});
    watch.take_count(kFra, 0, now);
    EXPECT_TRUE(watch.is_empty(kFra));
    watch.take_count(kFra, 1, now);
    EXPECT_FALSE(watch.is_empty(kFra)) << "an agent that was away sent it another";
}

TEST_F(DrainWatchTest, ACountFromBeforeProvesNothing) {
    watch.look({kFra}, false, now);
    watch.take_count(kFra, 0, now);
    EXPECT_FALSE(watch.is_empty(kFra)) << "somebody may still send it flows";
    pass(seconds{60});
    watch.look({kFra}, true, now);
    pass(seconds{1});
    watch.take_count(kFra, 0, now);
    EXPECT_FALSE(watch.is_empty(kFra)) << "it may have been counted before";
    pass(seconds{1});
    watch.take_count(kFra, 0, now);
    EXPECT_TRUE(watch.is_empty(kFra));
    watch.look({kFra}, false, now);
    EXPECT_TRUE(watch.is_empty(kFra)) << "what is being told now is something else";
}

TEST_F(DrainWatchTest, ANodeThatTakesFlowsAgainStartsAnew) {
    watch.look({kFra}, true, now);
    pass(seconds{5});
    watch.take_count(kFra, 0, now);
    ASSERT_TRUE(watch.is_empty(kFra));
    watch.look({}, true, now);
    EXPECT_FALSE(watch.is_empty(kFra));
    watch.look({kFra}, false, now);
    watch.take_count(kFra, 0, now);
    EXPECT_FALSE(watch.is_empty(kFra));
    EXPECT_FALSE(watch.is_empty(NodeId{9}));
}

}  // namespace
}  // namespace izar
