#include "ctrl/loop/side_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

class SideThreadTest : public testing::Test {
  protected:
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition) {
        const Instant deadline = real_now() + std::chrono::seconds{20};
        while (!condition() && real_now() < deadline) {
            loop->run_once(milliseconds{20});
        }
        return condition();
    }
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make(real_now));
};

TEST_F(SideThreadTest, TheLoopServesMeanwhileAndTakesTheResult) {
    SideThread side(*loop);
    std::binary_semaphore go{0};
    const auto here = std::this_thread::get_id();
    std::thread::id computed_at;
    std::thread::id taken_at;
    side.start([&] {
        go.acquire();
        return [&, at = std::this_thread::get_id()] {
            computed_at = at;
            taken_at = std::this_thread::get_id();
        };
    });
    bool served = false;
    loop->call_after(milliseconds{1}, [&] { served = true; });
    ASSERT_TRUE(run_until([&] { return served; }));
    EXPECT_TRUE(side.busy());
    go.release();
    ASSERT_TRUE(run_until([&] { return !side.busy(); }));
    EXPECT_EQ(taken_at, here);
    EXPECT_NE(computed_at, here);
    EXPECT_NE(computed_at, std::thread::id{});
}

TEST_F(SideThreadTest, AResultMayBeginTheNextComputation) {
    SideThread side(*loop);
    int rounds = 0;
    std::function<void()> next = [&] {
        side.start([&] {
            return [&] {
                if (++rounds < 3) {
                    next();
                }
            };
        });
    };
    next();
    EXPECT_TRUE(run_until([&] { return rounds == 3 && !side.busy(); }));
}

TEST_F(SideThreadTest, GoesOnlyWhenItsComputationIsOver) {
    std::atomic<bool> over = false;
    bool taken = false;
    {
        SideThread side(*loop);
        side.start([&] {
            std::this_thread::sleep_for(milliseconds{20});
            over = true;
            return [&] { taken = true; };
        });
    }
    EXPECT_TRUE(over);
    loop->run_once(milliseconds{20});
    EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace izar
