#include "probes/path_mtu.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "dataplane/base/random.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

// A link that carries packets up to a size, and says so after an RTT and at most one keep-alive.
struct Link {
    Instant now{1h};
    PathMtu mtu;
    std::uint16_t carries = 1500;
    Nanos rtt = 20ms;
    double loss = 0;
    Random random{1};
    std::uint64_t probes = 0;
    std::uint64_t probe_bytes = 0;

    explicit Link(std::uint16_t most = 1500) { mtu.set_most(most, now); }
    void run(Nanos span) {
        for (const Instant end = now + span; now < end; now += 10ms) {
            while (!answers.empty() && answers.front().first <= now) {
                newest = answers.front().second;
                answers.pop_front();
            }
            if (newest != 0) {
                mtu.heard(newest, now);
            }
            const PathMtu::Probe probe = mtu.next(now);
            probes += probe.size != 0 ? 1 : 0;
            probe_bytes += probe.size;
            const bool lost = static_cast<double>(random.next() >> 11) * 0x1p-53 < loss;
            if (probe.size != 0 && probe.size <= carries && !lost) {
                answers.emplace_back(now + rtt, probe.number);
            }
        }
    }
    Nanos run_until(std::uint16_t size, Nanos most) {
        const Instant begun = now;
        while (mtu.size() != size && now - begun < most) {
            run(10ms);
        }
        return now - begun;
    }
    std::deque<std::pair<Instant, std::uint16_t>> answers;
    std::uint16_t newest = 0;
};

TEST(PathMtu, ThePortsMtuCountsUntilProbesSayOtherwise) {
    Link link;
    EXPECT_EQ(link.mtu.size(), 1500);
    EXPECT_EQ(link.mtu.known_size(), 0);
    link.run(60s);
    EXPECT_EQ(link.mtu.size(), 1500);
    EXPECT_LT(link.probe_bytes / 60, 10'000u) << "bytes a second";
}

TEST(PathMtu, FindsTheExactSizeOfASmallerPath) {
    for (const std::uint16_t carries : {1280, 1281, 1392, 1400, 1499}) {
        Link link;
        link.carries = carries;
        link.run(10s);
        EXPECT_EQ(link.mtu.size(), carries);
        EXPECT_EQ(link.mtu.known_size(), carries);
        EXPECT_FALSE(link.mtu.shrunk()) << "it never carried more";
    }
}

TEST(PathMtu, LargePacketsThatBeginToVanishAreNoticedWithinASecond) {
    for (const Nanos rtt : {Nanos{1ms}, Nanos{20ms}, Nanos{150ms}}) {
        Link link;
        link.rtt = rtt;
        link.run(10s);
        link.carries = 1400;
        EXPECT_LE(link.run_until(PathMtu::kLeast, 5s), 1s) << rtt.count();
        EXPECT_TRUE(link.mtu.shrunk());
        link.run(10s);
        EXPECT_EQ(link.mtu.size(), 1400);
        EXPECT_TRUE(link.mtu.shrunk());
        link.run(PathMtu::kGrudge);
        EXPECT_FALSE(link.mtu.shrunk()) << "that is what it carries now";
    }
}

TEST(PathMtu, APathThatCarriesMoreAgainIsFound) {
    Link link;
    link.run(1s);
    link.carries = 1400;
    link.run(10s);
    ASSERT_EQ(link.mtu.size(), 1400);
    link.carries = 1450;
    EXPECT_LE(link.run_until(1450, 60s), 15s);
    link.carries = 1500;
    EXPECT_LE(link.run_until(1500, 60s), 15s);
    EXPECT_FALSE(link.mtu.shrunk());
}

TEST(PathMtu, RandomLossIsNoSmallerPath) {
    Link link;
    link.loss = 0.05;
    for (int i = 0; i < 6000; ++i) {
        link.run(100ms);
        ASSERT_EQ(link.mtu.size(), 1500) << "after " << i << " tenths of a second";
    }
}

TEST(PathMtu, NothingLargePassesAtAll) {
    Link link;
    link.carries = 600;
    link.run(10s);
    EXPECT_EQ(link.mtu.size(), PathMtu::kLeast);
    link.carries = 1500;
    EXPECT_LE(link.run_until(1500, 60s), 15s);
}

TEST(PathMtu, AnotherPortOrAnotherLifeAsksAnew) {
    Link link;
    link.run(1s);
    link.mtu.set_most(9000, link.now);
    EXPECT_EQ(link.mtu.size(), 9000);
    link.run(10s);
    EXPECT_EQ(link.mtu.size(), 1500) << "the path is the old one";
    link.mtu.restart(link.now);
    EXPECT_EQ(link.mtu.size(), 1500);
    link.carries = 9000;
    EXPECT_LE(link.run_until(9000, 60s), 15s);
}

RC_GTEST_PROP(PathMtu, ItIsNeverAboveWhatPassesForLong, ()) {
    Link link;
    link.rtt = std::chrono::milliseconds{*rc::gen::inRange(1, 200)};
    for (const int carries : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1280, 1501))) {
        link.carries = static_cast<std::uint16_t>(carries);
        link.run(8s);  // a search that is under way comes first
        RC_ASSERT(link.mtu.size() <= carries);
        link.run(28s);
        RC_ASSERT(link.mtu.size() == carries);
    }
}

}  // namespace
}  // namespace izar
