#include "tools/wan_emulator/control.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

namespace izar::wan {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

struct Fixture {
    json ask(const json& request) { return json::parse(control.answer(request.dump())); }
    const LinkProfile& profile(std::uint16_t from, std::uint16_t to) {
        return wan.link(WanPort{from}, WanPort{to}).profile();
    }

    PacketPool pool{8};
    WanSwitch wan{1, 3, pool, 4};
    std::vector<PacketPort> no_ports;
    Control control{wan, {"ams", "par", "sin"}, no_ports};
};

TEST(Control, SetChangesOneDirectionAndOnlyTheKeysGiven) {
    Fixture f;
    EXPECT_EQ(f.ask({{"op", "set"}, {"source", "ams"}, {"destination", "sin"}, {"delay_ms", 80.5}, {"loss", 0.01}}),
              (json{{"ok", true}}));
    EXPECT_EQ(f.ask({{"op", "set"}, {"source", "ams"}, {"destination", "sin"}, {"up", false}, {"rate_bps", 1e8}}),
              (json{{"ok", true}}));
    EXPECT_EQ(f.profile(0, 2).delay, std::chrono::microseconds{80'500});
    EXPECT_EQ(f.profile(0, 2).loss, 0.01);
    EXPECT_EQ(f.profile(0, 2).rate_bps, 100'000'000U);
    EXPECT_FALSE(f.profile(0, 2).up);
    EXPECT_TRUE(f.profile(2, 0).up);
    EXPECT_EQ(f.profile(2, 0).delay, Nanos{0});
}

TEST(Control, ShowTellsWhatWasSet) {
    Fixture f;
    f.ask({{"op", "set"}, {"source", "par"}, {"destination", "ams"}, {"jitter_ms", 1.5}, {"reorder", 0.25}});
    const json shown = f.ask({{"op", "show"}});
    ASSERT_EQ(shown["links"].size(), 6U);
    for (const json& link : shown["links"]) {
        const bool changed = link["source"] == "par" && link["destination"] == "ams";
        EXPECT_EQ(link["jitter_ms"], changed ? 1.5 : 0.0);
        EXPECT_EQ(link["reorder"], changed ? 0.25 : 0.0);
        EXPECT_EQ(link["entered_packets"], 0);
    }
}

TEST(Control, RefusesAndChangesNothing) {
    Fixture f;
    const json base{{"op", "set"}, {"source", "ams"}, {"destination", "par"}, {"delay_ms", 5}};
    const auto refused = [&](const char* key, const json& value) {
        json request = base;
        request[key] = value;
        const json answer = f.ask(request);
        EXPECT_EQ(answer["ok"], false) << request;
        EXPECT_FALSE(answer["error"].get<std::string>().empty());
        EXPECT_EQ(f.profile(0, 1).delay, Nanos{0});
    };
    refused("source", "nowhere");
    refused("destination", "ams");
    refused("delay_ms", -1);
    refused("delay_ms", "5");
    refused("delay_ms", 60'001);
    refused("loss", 1.01);
    refused("up", 1);
    refused("latency", 5);
    refused("op", "remove");
    EXPECT_NE(f.ask({{"op", "set"}, {"source", "x"}, {"destination", "par"}})["error"].get<std::string>().find(
                  "ams, par, sin"),
              std::string::npos);
}

RC_GTEST_PROP(Control, AnswersAnyBytes, (const std::string& line)) {
    Fixture f;
    const json answer = json::parse(f.control.answer(line));
    RC_ASSERT(answer["ok"] == false);
}

}  // namespace
}  // namespace izar::wan
