#include "ctrl/controller/event_log.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using std::chrono::milliseconds;

const WallTime kNow{std::chrono::seconds{1'790'000'000}};

TEST(EventLog, NumbersGrowWhateverTheClockDoes) {
    EventLog log;
    log.add(kNow, EventKind::link, "a");
    log.add(kNow, EventKind::node, "b");
    log.add(kNow - milliseconds{5'000}, EventKind::join, "c");
    log.add(kNow + milliseconds{5'000}, EventKind::change, "d");
    std::uint64_t last = 0;
    for (const Event& event : log.events()) {
        EXPECT_GT(event.number, last);
        last = event.number;
    }
    EXPECT_EQ(log.events().size(), 4U);
    EXPECT_STREQ(name_of(log.events()[0].kind), "link");
    EXPECT_STREQ(name_of(EventKind::store), "store");
    EventLog next_life;
    next_life.add(kNow + milliseconds{5'001}, EventKind::agent, "e");
    EXPECT_GT(next_life.events()[0].number, last);
}

TEST(EventLog, TheOldestMakeRoom) {
    EventLog log;
    for (std::size_t i = 0; i < EventLog::kMostKept + 5; ++i) {
        log.add(kNow, EventKind::link, std::to_string(i));
    }
    EXPECT_EQ(log.events().size(), EventLog::kMostKept);
    EXPECT_EQ(log.events().front().text, "5");
}

}  // namespace
}  // namespace izar
