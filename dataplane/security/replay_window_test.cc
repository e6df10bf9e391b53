#include "dataplane/security/replay_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "dataplane/base/random.h"

namespace izar {
namespace {

TEST(ReplayWindow, AcceptsEachNumberOnce) {
    ReplayWindow window;
    for (const std::uint64_t number : {0, 1, 31, 32, 5, 8191, 8190, 33}) {
        EXPECT_TRUE(window.accept(number)) << number;
        EXPECT_FALSE(window.accept(number)) << number;
    }
}

TEST(ReplayWindow, TellsApartWhatIsAtMostTheWindowBehind) {
    for (std::uint64_t newest : {ReplayWindow::kWindow, ReplayWindow::kWindow + 17, std::uint64_t{1} << 40}) {
        ReplayWindow window;
        EXPECT_TRUE(window.accept(newest));
        EXPECT_TRUE(window.accept(newest - ReplayWindow::kWindow));
        EXPECT_FALSE(window.accept(newest - ReplayWindow::kWindow));
    }
}

TEST(ReplayWindow, RefusesWhatItCanNoLongerKnow) {
    ReplayWindow window;
    EXPECT_TRUE(window.accept(1'000'000));
    EXPECT_FALSE(window.accept(1'000'000 - ReplayWindow::kWords * 32)) << "its place has a newer block";
}

// Older than the window, but nothing newer took its place: still told apart exactly.
TEST(ReplayWindow, KnowsMoreThanItsWindowAfterAGap) {
    ReplayWindow window;
    EXPECT_TRUE(window.accept(1'000));
    EXPECT_TRUE(window.accept(1'000'000));
    EXPECT_FALSE(window.accept(1'000));
    EXPECT_TRUE(window.accept(1'001));
    EXPECT_FALSE(window.accept(1'001));
}

TEST(ReplayWindow, StartsAnywhere) {
    for (const unsigned shift : {32u, 36u, 37u, 41u, 55u}) {
        ReplayWindow window;
        const std::uint64_t number = (std::uint64_t{1} << shift) - 1;
        EXPECT_TRUE(window.accept(number)) << shift;
        EXPECT_FALSE(window.accept(number)) << shift;
        EXPECT_TRUE(window.accept(number + 1)) << shift;
    }
}

TEST(ReplayWindow, GoesOnWhereTheBlockNumberWraps) {
    ReplayWindow window;
    const std::uint64_t wrap = std::uint64_t{1} << 37;  // block 2^32
    EXPECT_TRUE(window.accept(wrap - 20'001));
    for (std::uint64_t number = wrap - 20'000; number < wrap + 20'000; ++number) {
        EXPECT_TRUE(window.accept(number));
        EXPECT_FALSE(window.accept(number - 1));
    }
}

// Against a set of everything accepted so far: whatever the order, nothing twice, and nothing inside the window lost.
TEST(ReplayWindow, AgreesWithASet) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Random random{seed};
        ReplayWindow window;
        std::set<std::uint64_t> accepted;
        std::uint64_t newest = 0;
        for (int i = 0; i < 50'000; ++i) {
            newest += random.below(100) == 0 ? random.below(40'000) : random.below(3);
            const std::uint64_t number = newest - std::min<std::uint64_t>(newest, random.below(20'000));
            const bool fresh = !accepted.contains(number);
            const bool seen = window.seen(number);
            const bool taken = window.accept(number);
            ASSERT_NE(seen, taken) << "seed " << seed << " number " << number;
            const std::uint64_t highest = accepted.empty() ? number : std::max(number, *accepted.rbegin());
            if (!fresh) {
                ASSERT_FALSE(taken) << "seed " << seed << " number " << number;
            } else if (highest - number <= ReplayWindow::kWindow) {
                ASSERT_TRUE(taken) << "seed " << seed << " number " << number;
            }
            if (taken) {
                accepted.insert(number);
            }
        }
    }
}

// What a link may do to packets, over several receiving lcores: 10^7 deliveries. In each stretch every number comes
// two to three times in random order, spread over the lcores, with numbers of earlier stretches in between.
class Storm {
  public:
    static constexpr std::uint64_t kStretch = 4096;  // two of them lie inside the window
    static constexpr unsigned kLcores = 3;
    static constexpr std::uint64_t kDeliveries = 10'000'000;

    void run() {
        std::barrier meet(kLcores + 1);
        std::vector<std::thread> threads;
        for (unsigned lcore = 0; lcore < kLcores; ++lcore) {
            threads.emplace_back([&, lcore] {
                for (;;) {
                    meet.arrive_and_wait();
                    if (done_) {
                        return;
                    }
                    receive(deliveries_[lcore]);
                    meet.arrive_and_wait();
                }
            });
        }
        for (std::uint64_t base = 0; delivered < kDeliveries; base += kStretch) {
            plan(base);
            meet.arrive_and_wait();
            meet.arrive_and_wait();
            judge();
        }
        done_ = true;
        meet.arrive_and_wait();
        for (std::thread& thread : threads) {
            thread.join();
        }
    }

    std::uint64_t delivered = 0;
    std::uint64_t accepted_twice = 0;
    std::uint64_t fresh_refused = 0;
    std::uint64_t replays_accepted = 0;

  private:
    void plan(std::uint64_t base) {
        std::vector<std::uint64_t> all;
        for (std::uint64_t number = base; number < base + kStretch; ++number) {
            all.insert(all.end(), 2 + random_.below(2), number);
            if (base > 0 && random_.below(4) == 0) {
                const auto reach = static_cast<std::uint32_t>(std::min<std::uint64_t>(base, 100'000));
                all.push_back(base - 1 - random_.below(reach));
            }
        }
        for (std::size_t i = all.size() - 1; i > 0; --i) {
            std::swap(all[i], all[random_.below(static_cast<std::uint32_t>(i + 1))]);
        }
        for (unsigned lcore = 0; lcore < kLcores; ++lcore) {
            deliveries_[lcore].clear();
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            deliveries_[i % kLcores].push_back(all[i]);
        }
        delivered += all.size();
        base_ = base;
        for (auto& count : accepted_) {
            count.store(0, std::memory_order_relaxed);
        }
    }

    void receive(const std::vector<std::uint64_t>& numbers) {
        for (const std::uint64_t number : numbers) {
            if (!window_.accept(number)) {
                continue;
            }
            if (number < base_) {
                replays_.fetch_add(1, std::memory_order_relaxed);
            } else {
                accepted_[number - base_].fetch_add(1, std::memory_order_relaxed);
            }
        }
    }

    void judge() {
        replays_accepted = replays_.load(std::memory_order_relaxed);
        for (const auto& count : accepted_) {
            accepted_twice += count.load(std::memory_order_relaxed) > 1 ? 1 : 0;
            fresh_refused += count.load(std::memory_order_relaxed) == 0 ? 1 : 0;
        }
    }

    Random random_{20'240'607};
    ReplayWindow window_;
    std::array<std::vector<std::uint64_t>, kLcores> deliveries_;
    std::array<std::atomic<std::uint32_t>, kStretch> accepted_{};
    std::atomic<std::uint64_t> replays_{0};
    std::uint64_t base_ = 0;
    bool done_ = false;
};

TEST(ReplayWindow, TenMillionPacketsOverSeveralLcores) {
    auto storm = std::make_unique<Storm>();
    storm->run();
    EXPECT_GE(storm->delivered, Storm::kDeliveries);
    EXPECT_EQ(storm->accepted_twice, 0u);
    EXPECT_EQ(storm->replays_accepted, 0u);
    EXPECT_EQ(storm->fresh_refused, 0u);
}

}  // namespace
}  // namespace izar
