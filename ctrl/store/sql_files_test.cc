// Operators' files, taken up where they changed, over both databases.
#include <gtest/gtest.h>

#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

TYPED_TEST_SUITE(StoreSuite, Backings);

using Names = std::vector<std::string>;

OperatorFiles listing(std::vector<NodeDeclaration> nodes, const std::string& origin = "") {
    OperatorFiles out;
    out.listed.emplace();
    out.listed->nodes = std::move(nodes);
    if (!origin.empty()) {
        out.listed->domains = {{"WWW.example.com", address(origin)}};
    }
    return out;
}

NodeDeclaration ams(const std::string& description = "") {
    return {.name = "ams", .region = "eu", .address = address("10.0.0.1"), .description = description};
}

TYPED_TEST(StoreSuite, WhatAFileSaysAgainDoesNotUndoWhatAnOperatorDidSince) {
    const auto origin = [&] { return granted(this->store().domains()).at(0).origin_ip; };
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    granted(this->store().take_files(listing({}, "10.0.1.5"), kNow));
    EXPECT_EQ(origin(), address("10.0.1.5"));
    granted(this->store().set_domain("www.example.com", address("10.0.1.77"), "", kNow));
    this->reopen();
    const auto version = granted(this->store().static_version());
    granted(this->store().take_files(listing({}, "10.0.1.5"), kNow));
    EXPECT_EQ(origin(), address("10.0.1.77"));
    EXPECT_EQ(granted(this->store().static_version()), version);
    granted(this->store().take_files(listing({}, "10.0.1.6"), kNow));
    EXPECT_EQ(origin(), address("10.0.1.6")) << "the file says something else";
    granted(this->store().remove_domain("www.example.com", kNow));
    granted(this->store().take_files(listing({}, "10.0.1.6"), kNow));
    EXPECT_TRUE(granted(this->store().domains()).empty());
    granted(this->store().take_files(listing({}), kNow));
    granted(this->store().take_files(listing({}, "10.0.1.6"), kNow));
    EXPECT_EQ(origin(), address("10.0.1.6")) << "it was taken out of the file, and is new";
}

TYPED_TEST(StoreSuite, OfTwoLinesAboutOneDomainTheLastOneCountsEachTime) {
    OperatorFiles twice = listing({}, "10.0.1.5");
    twice.listed->domains.emplace_back("www.example.com", address("10.0.1.6"));
    for (int i = 0; i < 3; ++i) {
        granted(this->store().take_files(twice, kNow));
        EXPECT_EQ(granted(this->store().domains()).at(0).origin_ip, address("10.0.1.6"));
    }
}

TYPED_TEST(StoreSuite, ARevokedNodeThatIsListedStaysRevoked) {
    EXPECT_EQ(granted(this->store().take_files(listing({ams()}), kNow)), Names{});
    granted(this->store().revoke_node(NodeId{1}, kNow));
    EXPECT_EQ(granted(this->store().take_files(listing({ams()}), kNow)), Names{"ams"});
    granted(this->store().take_files(listing({}), kNow));
    EXPECT_EQ(granted(this->store().take_files(listing({ams()}), kNow)), Names{"ams"}) << "also when it comes back";
    ASSERT_EQ(granted(this->store().nodes()).size(), 1U);
    EXPECT_EQ(granted(this->store().take_files(listing({ams("a new machine")}), kNow)), Names{});
    const auto nodes = granted(this->store().nodes());
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].state, NodeState::revoked);
    EXPECT_EQ(nodes[1].state, NodeState::declared);
    EXPECT_EQ(granted(this->store().take_files(listing({ams("a new machine")}), kNow)), Names{});
}

TYPED_TEST(StoreSuite, FilesOfWhichOneLineIsRefusedChangeNothing) {
    this->joined(1);
    OperatorFiles files = listing({ams()}, "10.0.1.5");
    files.listed->nodes[0].name = "node-1";  // which is at another address
    files.listed->nodes[0].address = address("10.0.0.2");
    files.documents = {{"policy", "policies: []"}};
    EXPECT_EQ(fault_of(this->store().take_files(files, kNow)), StoreFault::refused);
    EXPECT_TRUE(granted(this->store().domains()).empty());
    EXPECT_TRUE(granted(this->store().documents()).empty());
    EXPECT_EQ(granted(this->store().nodes()).size(), 1U);
    files.listed->nodes[0].name = "ams";
    files.documents[0].second.assign(3, '\0');
    EXPECT_EQ(fault_of(this->store().take_files(files, kNow)), StoreFault::refused);
    EXPECT_TRUE(granted(this->store().domains()).empty());
    files.documents[0].second = "policies: []";
    granted(this->store().take_files(files, kNow));
    EXPECT_EQ(granted(this->store().domains()).size(), 1U);
    EXPECT_EQ(granted(this->store().documents()).size(), 1U);
    EXPECT_EQ(granted(this->store().nodes()).size(), 2U);
}

}  // namespace
}  // namespace izar
