#include "ctrl/store/wall_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ctime>

namespace izar {
namespace {

using std::chrono::milliseconds;

TEST(WallText, AgreesWithTheCLibrary) {
    EXPECT_TRUE(rc::check("every second of the years 1970 to 9999", [] {
        const auto seconds = *rc::gen::inRange<std::int64_t>(0, 253'402'300'799);
        const std::time_t time = seconds;
        std::tm parts{};
        gmtime_r(&time, &parts);
        char expected[32];
        std::strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S", &parts);
        const WallTime wall{milliseconds{seconds * 1000}};
        RC_ASSERT(wall_text(wall) == expected);
        RC_ASSERT(parse_wall_time(expected).value() == wall);
    }));
}

TEST(WallText, FractionsAreReadAndCutOff) {
    const auto time = parse_wall_time("1970-01-01 00:00:01.25");
    ASSERT_TRUE(time);
    EXPECT_EQ(*time, WallTime{milliseconds{1250}});
    EXPECT_EQ(parse_wall_time("1970-01-01T00:00:01.987654").value(), WallTime{milliseconds{1987}});
    EXPECT_EQ(wall_text(*time), "1970-01-01 00:00:01");
    EXPECT_EQ(whole_seconds(*time), WallTime{milliseconds{1000}});
}

TEST(WallText, WhatIsNoTimeSaysHowToWriteOne) {
    for (const char* wrong :
         {"", "now", "2026-02-29 00:00:00", "2026-13-01 00:00:00", "2026-00-01 00:00:00", "2026-01-01 24:00:00",
          "2026-01-01 00:60:00", "2026-01-01 00:00:61", "2026-01-01", "2026-01-01 00:00:00Z", "2026-01-01 00:00:00.",
          "2026-01-01 00:00:00.-1", "1969-12-31 23:59:59", "2026-01-01 -1:00:00", "2026/01/01 00:00:00"}) {
        const auto time = parse_wall_time(wrong);
        ASSERT_FALSE(time) << wrong;
        EXPECT_NE(time.error().text.find("2026-03-29 01:30:00"), std::string::npos);
    }
}

}  // namespace
}  // namespace izar
