#include "probes/path_mtu.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "dataplane/base/random.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

// A link that carries packets up to a size. Each keep-alive of the peer says what had come of ours when it was sent.
struct Link {
    static constexpr Nanos kTurn = 10ms;
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
        for (const Instant end = now + span; now < end; now += kTurn) {
            take_words();
            send(mtu.next(now));
        }
    }
    // Nobody sends or reads for a while, as on a machine that stands still.
    void stall(Nanos span) { now += span; }
    Nanos run_until(std::uint16_t size, Nanos most) {
        const Instant begun = now;
        while (mtu.size() != size && now - begun < most) {
            run(kTurn);
        }
        return now - begun;
    }

  private:
    struct Word {
        Instant due;
        Instant sent;
        std::uint16_t number;  // newest probe heard
    };
    void take_words() {
        while (!words.empty() && words.front().due <= now) {
            mtu.heard(words.front().number, words.front().sent, now);
            words.pop_front();
        }
    }
    void send(const PathMtu::Probe& probe) {
        probes += probe.size != 0 ? 1 : 0;
        probe_bytes += probe.size;
        const bool lost = static_cast<double>(random.next() >> 11) * 0x1p-53 < loss;
        if (probe.size <= carries && !lost) {
            newest = probe.size != 0 ? probe.number : newest;
            words.push_back({now + rtt + kTurn, now, newest});
        }
    }
    std::deque<Word> words;
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

TEST(PathMtu, LargePacketsThatBeginToVanishAreNoticedWithinASecondAtAnyPhase) {
    for (const Nanos rtt : {Nanos{1ms}, Nanos{20ms}, Nanos{150ms}}) {
        for (unsigned phase = 0; phase < PathMtu::kCalmTurns; ++phase) {
            Link link;
            link.rtt = rtt;
            link.run(10s + phase * Link::kTurn);
            link.carries = 1400;
            // Until the next probe, three more at an eager pace, and twice until the peer's word on later packets.
            const Nanos most = (PathMtu::kCalmTurns + 3 * PathMtu::kEagerTurns) * Link::kTurn +
                               2 * (rtt + PathMtu::kReordering + 2 * Link::kTurn);
            ASSERT_LT(most, 1s);
            ASSERT_LE(link.run_until(PathMtu::kLeast, 5s), most) << rtt.count() << " ns, phase " << phase;
        }
    }
}

TEST(PathMtu, NeitherAYoungLinkNorAMachineThatStoodStillTakesLonger) {
    Link young;
    young.run(300ms);
    ASSERT_EQ(young.mtu.known_size(), 1500);
    young.carries = 1400;
    EXPECT_LE(young.run_until(PathMtu::kLeast, 5s), 500ms);
    Link stalled;
    for (int i = 0; i < 20; ++i) {
        stalled.run(200ms);
        stalled.stall(400ms);
        ASSERT_EQ(stalled.mtu.size(), 1500) << "a pause is no loss of large packets";
    }
    stalled.carries = 1400;
    EXPECT_LE(stalled.run_until(PathMtu::kLeast, 5s), 500ms);
}

TEST(PathMtu, ASmallerSizeIsHeldAgainstALinkForAWhile) {
    Link link;
    link.run(10s);
    link.carries = 1400;
    link.run(10s);
    EXPECT_EQ(link.mtu.size(), 1400);
    EXPECT_TRUE(link.mtu.shrunk());
    link.run(PathMtu::kGrudge);
    EXPECT_FALSE(link.mtu.shrunk()) << "that is what it carries now";
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
