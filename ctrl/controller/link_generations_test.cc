#include "ctrl/controller/link_generations.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

constexpr NodeId kAms{1};
constexpr NodeId kFra{2};
constexpr NodeId kSin{3};
constexpr LinkGeneration generation(std::uint32_t number) {
    return LinkGeneration{number};
}

TEST(LinkGenerations, AFleetBeginsWithGenerationZeroEverywhere) {
    const LinkGenerations links;
    EXPECT_EQ(links.newest(), generation(0));
    EXPECT_EQ(links.of(kAms), generation(0));
    EXPECT_EQ(links.former(kAms, kFra), std::nullopt);
    EXPECT_EQ(LinkGenerations::parse("").value(), links) << "no document";
    EXPECT_EQ(LinkGenerations::parse(links.text()).value(), links);
}

TEST(LinkGenerations, ALinkAcceptsWhatBothEndsHaveUntilBothHaveTheNewest) {
    LinkGenerations links;
    links.begin({kAms, kFra, kSin}, "first");
    EXPECT_EQ(links.newest(), generation(1));
    EXPECT_EQ(links.former(kAms, kFra), generation(0));
    links.catch_up({kAms});
    EXPECT_EQ(links.former(kAms, kFra), generation(0)) << "one end is not enough";
    links.catch_up({kFra});
    EXPECT_EQ(links.former(kAms, kFra), std::nullopt);
    EXPECT_EQ(links.former(kAms, kSin), generation(0));
    EXPECT_EQ(links.former(kAms, NodeId{9}), std::nullopt) << "who joins later has the newest";
}

TEST(LinkGenerations, WhoIsAwayForSeveralKeepsWhatItHas) {
    LinkGenerations links;
    links.begin({kAms, kFra, kSin}, "first");
    links.catch_up({kAms, kFra});
    links.begin({kAms, kFra, kSin}, "second");
    EXPECT_EQ(links.of(kSin), generation(0));
    EXPECT_EQ(links.former(kAms, kFra), generation(1));
    EXPECT_EQ(links.former(kAms, kSin), generation(0));
    links.catch_up({kAms, kFra});
    EXPECT_EQ(links.seeds(), (std::map<LinkGeneration, std::string>{{generation(2), "second"}})) << "nobody has 1 now";
    EXPECT_EQ(links.former(kAms, kSin), generation(0));
    links.catch_up({kSin});
    EXPECT_TRUE(links.behind().empty());
}

TEST(LinkGenerations, AreWrittenAndRead) {
    LinkGenerations links;
    links.begin({kAms, kFra}, "00ff");
    links.catch_up({kFra});
    links.begin({kAms, kFra, kSin}, "11ee");
    EXPECT_EQ(links.text(), "newest: 2\nseed: 1 00ff\nseed: 2 11ee\nbehind: 0 1\nbehind: 1 2,3\n");
    EXPECT_EQ(LinkGenerations::parse(links.text()).value(), links);
}

TEST(LinkGenerations, WhatIsDamagedIsNotRead) {
    for (const char* const text :
         {"newest: \n", "newest: 1x\n", "newest: 4294967296\n", "newest: 1 2\n", "oldest: 1\n", "\n",
          "seed: 1 aa\nseed: 1 bb\n", "seed: 0 aa\n", "behind: 0 1,,2\n", "behind: 0 0\n", "behind: 0 65536\n",
          "newest: 1\nseed: 1 aa\nbehind: 0 1\nbehind: 0 1\n"}) {
        const auto read = LinkGenerations::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().text.find("line "), std::string::npos) << read.error().text;
    }
    for (const char* const text : {"newest: 1\n", "newest: 2\nseed: 2 aa\nbehind: 1 1\n",
                                   "newest: 2\nseed: 2 aa\nbehind: 2 1\n", "behind: 0 1\n"}) {
        const auto read = LinkGenerations::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().text.find("lacks a seed"), std::string::npos) << read.error().text;
    }
}

}  // namespace
}  // namespace izar
