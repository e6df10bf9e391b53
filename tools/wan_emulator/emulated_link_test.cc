#include "tools/wan_emulator/emulated_link.h"

#include <gtest/gtest.h>

#include <vector>

namespace izar::wan {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds{1000}};

EmulatedLink link_with(const LinkProfile& profile) {
    EmulatedLink link({.seed = 1, .source = WanPort{0}, .destination = WanPort{1}});
    link.set_profile(profile);
    return link;
}

TEST(EmulatedLink, DelaysFromTheArrival) {
    auto link = link_with({.delay = milliseconds{40}});
    const auto deliveries = link.enter(kStart, 100);
    ASSERT_EQ(deliveries.count, 1U);
    EXPECT_EQ(deliveries.at[0], kStart + milliseconds{40});
}

TEST(EmulatedLink, RateSpacesFramesAndDropsWhatWaitsTooLong) {
    // 1,250 bytes at 10 Mbit/s take 1 ms; a queue of 5 ms holds the frame on the line and five more.
    auto link = link_with({.delay = milliseconds{20}, .rate_bps = 10'000'000, .queue = milliseconds{5}});
    for (int i = 0; i < 6; ++i) {
        const auto deliveries = link.enter(kStart, 1250);
        ASSERT_EQ(deliveries.count, 1U);
        EXPECT_EQ(deliveries.at[0], kStart + milliseconds{20 + i + 1});
    }
    EXPECT_EQ(link.enter(kStart, 1250).count, 0U);
    EXPECT_EQ(link.counters().queue, 1U);
    EXPECT_EQ(link.enter(kStart + milliseconds{2}, 1250).count, 1U);
}

TEST(EmulatedLink, JitterStaysInItsBoundsAndKeepsOrder) {
    auto link = link_with({.delay = milliseconds{10}, .jitter = milliseconds{3}});
    Instant last = kStart;
    Nanos least = milliseconds{99};
    Nanos most{0};
    for (int i = 0; i < 10'000; ++i) {
        const Instant arrival = kStart + i * milliseconds{10};  // far apart: order does not bind
        const Instant delivery = link.enter(arrival, 100).at[0];
        ASSERT_GE(delivery, last);
        last = delivery;
        least = std::min(least, delivery - arrival);
        most = std::max(most, delivery - arrival);
    }
    EXPECT_GE(least, milliseconds{7});
    EXPECT_LE(most, milliseconds{13});
    EXPECT_LT(least, microseconds{7100});
    EXPECT_GT(most, microseconds{12900});
    for (int i = 0; i < 10'000; ++i) {  // back to back: order binds
        const Instant delivery = link.enter(kStart + milliseconds{200'000} + i * microseconds{1}, 100).at[0];
        ASSERT_GE(delivery, last);
        last = delivery;
    }
}

TEST(EmulatedLink, ReorderedPacketsAreOvertaken) {
    auto link = link_with({.delay = milliseconds{10}, .reorder = 0.1});
    int overtaken = 0;
    Instant last = kStart;
    for (int i = 0; i < 10'000; ++i) {
        const Instant delivery = link.enter(kStart + i * milliseconds{1}, 100).at[0];
        overtaken += delivery < last;
        last = delivery;
    }
    EXPECT_GT(overtaken, 700);  // two in a row keep their order, so fewer than 1,000
    EXPECT_LT(overtaken, 1100);
}

TEST(EmulatedLink, AShorterDelayDoesNotOvertakeWhatIsInFlight) {
    auto link = link_with({.delay = milliseconds{100}});
    const Instant first = link.enter(kStart, 100).at[0];
    LinkProfile shorter = link.profile();
    shorter.delay = milliseconds{1};
    link.set_profile(shorter);
    EXPECT_EQ(link.enter(kStart + milliseconds{1}, 100).at[0], first);
    EXPECT_EQ(link.enter(kStart + milliseconds{200}, 100).at[0], kStart + milliseconds{201});
}

TEST(EmulatedLink, DownDropsAndFatesGoOnByNumber) {
    // Packet n meets the same fate whether or not the link was down before it.
    const LinkProfile lossy{.loss = 0.2};
    auto always_up = link_with(lossy);
    auto cut = link_with(lossy);
    LinkProfile down = lossy;
    down.up = false;
    for (int i = 0; i < 1000; ++i) {
        if (i == 300) {
            cut.set_profile(down);
        }
        if (i == 600) {
            cut.set_profile(lossy);
        }
        const bool expected = always_up.enter(kStart, 100).count == 1;
        const bool seen = cut.enter(kStart, 100).count == 1;
        ASSERT_EQ(seen, (i < 300 || i >= 600) && expected);
    }
    EXPECT_EQ(cut.counters().down, 300U);
}

TEST(EmulatedLink, EveryNthIsLost) {
    auto link = link_with({.drop_every = 50});
    std::size_t arrived = 0;
    for (int i = 0; i < 1000; ++i) {
        arrived += link.enter(kStart, 100).count;
    }
    EXPECT_EQ(arrived, 980U);
    EXPECT_EQ(link.counters().lost, 20U);
}

TEST(EmulatedLink, AnIpPacketAboveTheMtuIsDroppedWhateverItsEthernetHeader) {
    auto link = link_with({.mtu_bytes = 1400});
    EXPECT_EQ(link.enter(kStart, 1414).count, 1U);
    EXPECT_EQ(link.enter(kStart, 1415).count, 0U);
    EXPECT_EQ(link.counters().size, 1U);
}

TEST(EmulatedLink, DuplicatesAreDeliveredTwice) {
    auto link = link_with({.delay = milliseconds{5}, .duplicate = 1});
    EXPECT_EQ(link.enter(kStart, 100).count, 2U);
    EXPECT_EQ(link.counters().duplicated, 1U);
}

}  // namespace
}  // namespace izar::wan
