#include "ctrl/channel/outbox.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using Frame = Outbox::Frame;

TEST(Outbox, WhatMustArriveGoesFirstAndInOrder) {
    Outbox outbox;
    outbox.replace(Newest::mesh, Frame{1});
    ASSERT_TRUE(outbox.add(Frame{2}));
    ASSERT_TRUE(outbox.add(Frame{3}));
    EXPECT_EQ(outbox.take(), Frame{2});
    EXPECT_EQ(outbox.take(), Frame{3});
    EXPECT_EQ(outbox.take(), Frame{1});
    EXPECT_EQ(outbox.take(), std::nullopt);
}

TEST(Outbox, OnlyTheNewestDynamicDataWaits) {
    Outbox outbox;
    for (std::uint8_t i = 0; i < 100; ++i) {
        outbox.replace(Newest::mesh, Frame(1'000, i));
        outbox.replace(Newest::link_row, Frame(10, i));
    }
    EXPECT_EQ(outbox.bytes(), 1'010U);
    EXPECT_EQ(outbox.take(), Frame(1'000, 99));
    EXPECT_EQ(outbox.take(), Frame(10, 99));
    EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(Outbox, PeerThatNeverReadsIsCutAtTheBound) {
    Outbox outbox;
    std::size_t taken = 0;
    while (outbox.add(Frame(100'000))) {
        ++taken;
        ASSERT_LE(outbox.bytes(), Outbox::kMostKept);
    }
    EXPECT_EQ(taken, Outbox::kMostKept / 100'000);
    Outbox empty;
    EXPECT_TRUE(empty.add(Frame(Outbox::kMostKept + 1))) << "one frame is always taken";
}

}  // namespace
}  // namespace izar
