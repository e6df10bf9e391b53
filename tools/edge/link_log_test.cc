#include "tools/edge/link_log.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

using Lines = std::vector<std::string>;

LinkRow link(const std::string& state, std::uint64_t changes, const std::string& why) {
    LinkRow row;
    row.peer = "fra";
    row.state = state;
    row.changes = changes;
    row.why = why;
    return row;
}

TEST(LinkLog, TellsEachChangeOnce) {
    LinkLog log;
    EXPECT_EQ(log.look({link("unknown", 0, "")}), Lines{});
    EXPECT_EQ(log.look({link("up", 0, "first heard")}), Lines{"link to fra is up: first heard"});
    EXPECT_EQ(log.look({link("up", 0, "first heard")}), Lines{});
    EXPECT_EQ(log.look({link("down", 1, "silent")}), Lines{"link to fra is down: silent"});
    EXPECT_EQ(log.look({link("down", 1, "silent")}), Lines{});
    EXPECT_EQ(log.look({link("unknown", 1, "heard again")}), Lines{}) << "no RTT yet";
    EXPECT_EQ(log.look({link("up", 1, "heard again")}), Lines{"link to fra is up: heard again"});
}

TEST(LinkLog, TellsWhatHappenedBetweenTwoLooks) {
    LinkLog log;
    log.look({link("up", 0, "first heard")});
    LinkRow flapped = link("up", 1, "heard again");
    flapped.rtt_ms = 4.25;
    EXPECT_EQ(log.look({flapped}), Lines{"link to fra is up: it was down for a moment, RTT 4.2 ms"});
    EXPECT_EQ(log.look({link("down", 4, "silent")}), Lines{"link to fra is down: silent; it went down 3 times"});
}

TEST(LinkLog, TellsOfKeys) {
    LinkLog log;
    LinkRow row = link("unknown", 0, "");
    row.key_epoch = 0;
    EXPECT_EQ(log.look({row}), Lines{"link to fra has a key: packets are sealed"});
    row.key_epoch = 1;
    EXPECT_EQ(log.look({row}), Lines{}) << "the next one";
    row.key_epoch.reset();
    EXPECT_EQ(log.look({row}), Lines{"link to fra has no key any more: nothing is sent on it"});
}

TEST(LinkLog, EachPeerSpeaksForItself) {
    LinkLog log;
    LinkRow other = link("down", 1, "silent");
    other.peer = "sin";
    EXPECT_EQ(log.look({link("up", 0, "first heard"), other}),
              (Lines{"link to fra is up: first heard", "link to sin is down: silent"}));
}

}  // namespace
}  // namespace izar
