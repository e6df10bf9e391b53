#include "ctrl/controller/link_events.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include "ctrl/frames/messages.h"

namespace izar {
namespace {

using std::chrono::seconds;

constexpr Instant kStart{seconds{1'000}};

FeedLink link_that_is(bool reachable, NodeId from = NodeId{1}) {
    return {.from = from, .to = NodeId{2}, .reachable = reachable};
}

TEST(LinkEvents, OnlyAChangePasses) {
    LinkEvents events;
    EXPECT_TRUE(events.passes(link_that_is(false), std::nullopt, 3, kStart)) << "nothing was known";
    EXPECT_TRUE(events.passes(link_that_is(false), link_that_is(true), 3, kStart));
    EXPECT_TRUE(events.passes(link_that_is(true), link_that_is(false), 3, kStart));
    EXPECT_FALSE(events.passes(link_that_is(false), link_that_is(false), 3, kStart));
    EXPECT_FALSE(events.passes(link_that_is(true), link_that_is(true), 3, kStart));
}

// All links of a node may die and come back at once; one that goes on so tells a row a round, and bothers no other.
TEST(LinkEvents, OneAgentTellsTwoRowsAtOnceAndThenARowARound) {
    constexpr std::size_t kNodes = 1'000;
    LinkEvents events;
    bool reachable = false;
    const auto flap = [&](std::size_t times, Instant now) {
        std::size_t passed = 0;
        for (std::size_t i = 0; i < times; ++i) {
            reachable = !reachable;
            passed += events.passes(link_that_is(reachable), link_that_is(!reachable), kNodes, now) ? 1 : 0;
        }
        return passed;
    };
    EXPECT_EQ(flap(10 * kNodes, kStart), 2 * kNodes);
    EXPECT_TRUE(events.passes(link_that_is(false, NodeId{9}), std::nullopt, kNodes, kStart));
    EXPECT_EQ(flap(10 * kNodes, kStart + LinkEvents::kRowTime), kNodes);
    EXPECT_EQ(flap(10 * kNodes, kStart + 100 * LinkEvents::kRowTime), 2 * kNodes) << "no more is saved up";
}

TEST(LinkEvents, WhatIsPassedOnIsOnlyWhatWasRead) {
    control::LinkItem item = link_message(link_that_is(true));
    std::string bytes = item.SerializeAsString();
    // Field 31, which LinkItem does not have, of 2 MiB.
    bytes += std::string("\xFA\x01\x80\x80\x80\x01", 6) + std::string(std::size_t{1} << 21, 'x');
    ASSERT_TRUE(item.ParseFromString(bytes));
    ASSERT_GT(item.ByteSizeLong(), std::size_t{1} << 21) << "kept by the parser";
    const auto link = read_link(NodeId{1}, item);
    ASSERT_TRUE(link) << link.error().text;
    EXPECT_LT(link_event_message(*link).ByteSizeLong(), 100U);
}

}  // namespace
}  // namespace izar
