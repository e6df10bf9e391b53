#include "tools/izar/heat_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace izar {
namespace {

using Json = nlohmann::json;

Json link(int from, int to, const char* state, const Json& rtt_ms, const Json& loss_ratio = 0) {
    return {{"from", from}, {"to", to}, {"state", state}, {"rtt_ms", rtt_ms}, {"loss_ratio", loss_ratio}};
}

const Json kNodes = {{{"id", 1}, {"name", "tyo"}, {"region", "asia"}},
                     {{"id", 2}, {"name", "ams"}, {"region", "eu"}},
                     {{"id", 3}, {"name", "fra"}, {"region", "eu"}},
                     {{"id", 4}, {"name", "lon"}, {"region", "eu"}}};
const Json kLinks = {link(1, 2, "up", 231.4), link(2, 1, "up", 230.6, 0.02), link(2, 3, "up", 6.2),
                     link(3, 2, "down", nullptr, nullptr), link(3, 1, "up", nullptr)};

// Every node to every other, in rising delays.
Json full_mesh(int nodes) {
    Json out = Json::array();
    for (int from = 1; from <= nodes; ++from) {
        for (int to = 1; to <= nodes; ++to) {
            if (from != to) {
                out.push_back(link(from, to, "up", 1.0 * std::abs(from - to)));
            }
        }
    }
    return out;
}

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        longest = std::max(longest, end - at);
        at = end + 1;
    }
    return longest;
}

TEST(HeatMap, IsATableOfNodesByRegion) {
    EXPECT_EQ(heat_map(kLinks, kNodes, {}),
              "from     1    2    3 \n"
              "1 tyo     \\ 231      \n"
              "2 ams  231!    \\   6 \n"
              "3 fra      down     \\\n"
              "\n"
              "RTT in ms:   0-10    10-30    30-60    60-100    100-200    > 200    down    !: loss of 1 % and more\n");
}

TEST(HeatMap, PaintsOnlyWhenAsked) {
    const std::string painted = heat_map(kLinks, kNodes, {.colours = true});
    EXPECT_NE(painted.find("\x1b[30;48;5;196mdown \x1b[0m"), std::string::npos) << painted;
    EXPECT_NE(painted.find("\x1b[30;48;5;40m   6 \x1b[0m"), std::string::npos) << painted;
    EXPECT_EQ(std::ranges::count(painted, '\x1b'), 2 * (4 + 7)) << "cells and legend, each begun and ended";
    EXPECT_EQ(heat_map(kLinks, kNodes, {}).find('\x1b'), std::string::npos);
}

TEST(HeatMap, FitsTheTerminal) {
    const std::string signs = heat_map(full_mesh(60), Json::array(), {.width = 80});
    EXPECT_NE(signs.find("to 1-60\n"), std::string::npos) << signs;
    EXPECT_NE(signs.find("\n1 1   \\0000000000111"), std::string::npos) << signs;
    const std::string blocks = heat_map(full_mesh(60), Json::array(), {.width = 46});
    EXPECT_NE(blocks.find("to 1-40\n"), std::string::npos) << blocks;
    EXPECT_NE(blocks.find("to 41-60\n"), std::string::npos) << blocks;
    EXPECT_LE(longest_line(blocks.substr(0, blocks.find("RTT in ms"))), 46U);
}

TEST(HeatMap, WithoutLinksItSaysSo) {
    EXPECT_EQ(heat_map(Json::array(), kNodes, {}), "no link is measured yet\n");
}

}  // namespace
}  // namespace izar
