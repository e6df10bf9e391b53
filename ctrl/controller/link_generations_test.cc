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
    EXPECT_FALSE(links.in_use().contains(generation(1))) << "who has it has the newest, too";
    EXPECT_EQ(links.former(kAms, kSin), generation(0));
    links.catch_up({kSin});
    EXPECT_TRUE(links.behind().empty());
    EXPECT_EQ(links.in_use().size(), 1U);
}

// To have a later one is not to have those before: sin took the second, and never saw the first.
TEST(LinkGenerations, WhatOneEndMissedItsLinksDoNotAccept) {
    LinkGenerations links;
    links.begin({kAms, kSin}, "first");
    links.catch_up({kAms});
    links.begin({kAms, kSin}, "second");
    links.catch_up({kSin});
    EXPECT_EQ(links.of(kAms), generation(1));
    EXPECT_EQ(links.of(kSin), generation(2));
    EXPECT_EQ(links.former(kAms, kSin), generation(0));
    links.begin({kAms, kSin}, "third");
    EXPECT_EQ(links.former(kAms, kSin), generation(0)) << "ams has 1 and 0 of it, sin 2 and 0";
    EXPECT_EQ(LinkGenerations::parse(links.text()).value(), links);
}

TEST(LinkGenerations, AreWrittenAndRead) {
    LinkGenerations links;
    links.begin({kAms, kFra}, "00ff");
    links.catch_up({kFra});
    links.begin({kAms, kFra, kSin}, "11ee");
    EXPECT_EQ(links.text(), "generation: 0 - -\ngeneration: 1 00ff 1\ngeneration: 2 11ee 1,2,3\n");
    EXPECT_EQ(LinkGenerations::parse(links.text()).value(), links);
}

TEST(LinkGenerations, WhatIsDamagedIsNotRead) {
    for (const char* const text :
         {"generation: \n", "generation: 1x aa -\n", "generation: 4294967296 aa -\n", "generation: 1\n",
          "oldest: 1 aa -\n", "\n", "generation: 1 aa 1,,2\n", "generation: 1 aa 0\n", "generation: 1 aa 65536\n",
          "generation: 1 aa 1,1\n", "generation: 1 - -\n", "generation: 0 aa -\n",
          "generation: 2 aa -\ngeneration: 1 aa -\n", "generation: 1 aa -\ngeneration: 1 aa -\n"}) {
        const auto read = LinkGenerations::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().text.find("line "), std::string::npos) << read.error().text;
    }
}

}  // namespace
}  // namespace izar
