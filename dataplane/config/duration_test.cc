#include "dataplane/config/duration.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace izar {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Duration, ReadsEveryUnit) {
    EXPECT_EQ(parse_duration("7ns"), Nanos{7});
    EXPECT_EQ(parse_duration("200us"), microseconds{200});
    EXPECT_EQ(parse_duration("10ms"), milliseconds{10});
    EXPECT_EQ(parse_duration("5s"), seconds{5});
    EXPECT_EQ(parse_duration("15m"), minutes{15});
    EXPECT_EQ(parse_duration("2h"), hours{2});
    EXPECT_EQ(parse_duration("0"), Nanos{0});
    EXPECT_EQ(parse_duration("1.5s"), milliseconds{1500});
    EXPECT_EQ(parse_duration("0.5m"), seconds{30});
    EXPECT_EQ(parse_duration("2.50ms"), microseconds{2500});
}

TEST(Duration, RefusesEverythingElse) {
    for (const char* text : {"", "10", "ms", "-1s", "+1s", "1 s", " 1s", "1s ", "1.s", ".5s", "1..5s", "1e3s", "1S",
                             "1d", "0.5ns", "1.0000000001s", "99999999999999999999s", "9000h", "1s1s"}) {
        const auto duration = parse_duration(text);
        EXPECT_FALSE(duration) << text;
        if (!duration) {
            EXPECT_NE(duration.error().text.find(fmt::format("'{}'", text)), std::string::npos);
        }
    }
}

TEST(Duration, WritesTheLargestWholeUnit) {
    EXPECT_EQ(duration_text(Nanos{0}), "0s");
    EXPECT_EQ(duration_text(seconds{900}), "15m");
    EXPECT_EQ(duration_text(milliseconds{1500}), "1500ms");
    EXPECT_EQ(duration_text(hours{24}), "24h");
}

RC_GTEST_PROP(Duration, WrittenOutItReadsBackAsTheSame, ()) {
    const auto nanos = *rc::gen::inRange<std::int64_t>(0, kLongestDuration.count());
    // Round to each unit in turn, so that all units are seen.
    const auto unit = *rc::gen::element<std::int64_t>(1, 1'000, 1'000'000, 1'000'000'000, 60'000'000'000);
    const Nanos duration{nanos / unit * unit};
    RC_ASSERT(parse_duration(duration_text(duration)) == duration);
}

}  // namespace
}  // namespace izar
