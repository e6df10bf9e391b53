#include "ctrl/loop/timers.h"

#include <gtest/gtest.h>

#include <vector>

namespace izar {
namespace {

using std::chrono::milliseconds;

Instant at(int ms) {
    return Instant{milliseconds{ms}};
}

TEST(TimerQueue, CallsInOrderAndOnlyWhatIsDue) {
    TimerQueue timers;
    std::vector<int> called;
    timers.call_at(at(20), [&] { called.push_back(20); });
    timers.call_at(at(10), [&] { called.push_back(10); });
    timers.call_at(at(10), [&] { called.push_back(11); });
    timers.call_at(at(30), [&] { called.push_back(30); });
    EXPECT_EQ(timers.next(), at(10));
    timers.run(at(20));
    EXPECT_EQ(called, (std::vector<int>{10, 11, 20}));
    EXPECT_EQ(timers.next(), at(30));
}

TEST(TimerQueue, CancelledCallsAreNotMade) {
    TimerQueue timers;
    int calls = 0;
    const TimerId first = timers.call_at(at(10), [&] { ++calls; });
    TimerId second{};
    timers.call_at(at(5), [&] { timers.cancel(second); });
    second = timers.call_at(at(6), [&] { ++calls; });
    timers.cancel(first);
    timers.cancel(first);
    timers.cancel(kNoTimer);
    timers.run(at(100));
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(timers.next(), std::nullopt);
}

TEST(TimerQueue, CallThatAsksToBeCalledAtOnceWaitsForTheNextRun) {
    TimerQueue timers;
    int calls = 0;
    std::function<void()> again = [&] {
        ++calls;
        timers.call_at(at(0), again);
    };
    timers.call_at(at(0), again);
    timers.run(at(1));
    EXPECT_EQ(calls, 1);
    timers.run(at(1));
    EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace izar
