// What a row goes out as: the shorter of two forms, and never one that its controller does not read.
#include "ctrl/agent/row_report.h"

#include <control.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <random>

#include "ctrl/frames/messages.h"
#include "ctrl/mesh/mesh_links.h"

namespace izar {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr NodeId kSelf{1};

StaticData fleet_of(std::uint16_t nodes) {
    StaticData out;
    for (std::uint16_t id = 1; id <= nodes; ++id) {
        FleetNode node;
        node.id = NodeId{id};
        std::strcpy(node.region, id % 2 == 0 ? "eu" : "us");
        out.nodes.emplace(node.id, node);
    }
    return out;
}

std::map<NodeId, FeedLink> row_of(std::uint16_t nodes, std::mt19937& random) {
    std::map<NodeId, FeedLink> out;
    for (std::uint16_t id = 2; id <= nodes; ++id) {
        out[NodeId{id}] = {.from = kSelf,
                           .to = NodeId{id},
                           .rtt = microseconds{10'000 + random() % 80'000},
                           .variation = microseconds{random() % 1'000},
                           .count = 100};
    }
    return out;
}

control::LinkRow items_of(const std::map<NodeId, FeedLink>& row) {
    control::LinkRow out;
    for (const auto& [to, link] : row) {
        *out.add_items() = link_message(link);
    }
    return out;
}

control::RowTaken taken(std::uint32_t generation, bool whole_wanted = false) {
    control::RowTaken out;
    out.set_generation(generation);
    out.set_whole_wanted(whole_wanted);
    return out;
}

// A report, and the controller's side of it.
struct Exchange {
    explicit Exchange(std::uint16_t nodes) : row(row_of(nodes, random)) {
        report.set_static(data = fleet_of(nodes));
        report.begin();
        for (const auto& [id, node] : data.nodes) {
            ids.push_back(id);
        }
    }
    control::LinkRow write() {
        control::LinkRow out;
        report.write(row, out);
        return out;
    }
    // As a controller takes a row; the links that it has then.
    std::vector<FeedLink> deliver(const control::LinkRow& message) {
        EXPECT_EQ(message.nodes_digest(), nodes_digest(ids));
        const std::string& summary = message.summary();
        auto links =
            receiver.receive({reinterpret_cast<const std::uint8_t*>(summary.data()), summary.size()}, kSelf, ids);
        EXPECT_EQ(report.take(taken(links ? receiver.generation() : 0, !links)), !links);
        return links ? *std::move(links) : std::vector<FeedLink>{};
    }

    std::mt19937 random{5};
    StaticData data;
    std::vector<NodeId> ids;
    std::map<NodeId, FeedLink> row;
    RowReport report;
    RowReceiver receiver;
};

TEST(RowReport, ControllersThatDoNotAskForSummariesGetItems) {
    Exchange one(200);
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(one.write().SerializeAsString(), items_of(one.row).SerializeAsString());
    }
    EXPECT_FALSE(one.report.take(taken(0)));
    EXPECT_EQ(one.write().items_size(), 0);
    one.report.begin();
    EXPECT_EQ(one.write().items_size(), 199) << "the next controller may be older";
}

TEST(RowReport, SummariesAreChangesOfWhatWasAcknowledged) {
    Exchange one(200);
    (void)one.report.take(taken(0));
    const control::LinkRow first = one.write();
    EXPECT_LT(first.summary().size() * 4, items_of(one.row).ByteSizeLong());
    EXPECT_EQ(one.write().summary().size(), first.summary().size()) << "nothing is acknowledged yet";
    EXPECT_EQ(one.deliver(first).size(), 199U);
    one.row[NodeId{50}].rtt = milliseconds{300};
    one.row[NodeId{60}].reachable = false;
    const control::LinkRow change = one.write();
    EXPECT_LT(change.summary().size() * 5, first.summary().size());
    const auto links = one.deliver(change);
    ASSERT_EQ(links.size(), 199U);
    EXPECT_NEAR(static_cast<double>(links[48].rtt.count()), 300e6, 3.1e6);
    EXPECT_FALSE(links[58].reachable);
}

TEST(RowReport, AControllerThatLostItsWayGetsItemsAndThenAWholeSummary) {
    Exchange one(200);
    (void)one.report.take(taken(0));
    const std::size_t whole = one.write().summary().size();
    one.deliver(one.write());
    one.receiver = {};
    EXPECT_TRUE(one.deliver(one.write()).empty()) << "a change of what is not there";
    EXPECT_EQ(one.write().items_size(), 199);
    const control::LinkRow again = one.write();
    EXPECT_NEAR(static_cast<double>(again.summary().size()), static_cast<double>(whole), 16);
    EXPECT_EQ(one.deliver(again).size(), 199U);
}

TEST(RowReport, OtherNodesOrRegionsBeginAnew) {
    Exchange one(200);
    (void)one.report.take(taken(0));
    one.deliver(one.write());
    const std::size_t change = one.write().summary().size();
    std::strcpy(one.data.nodes[NodeId{9}].region, "asia");
    one.report.set_static(one.data);
    const control::LinkRow whole = one.write();
    EXPECT_GT(whole.summary().size(), 10 * change);
    EXPECT_EQ(one.deliver(whole).size(), 199U);
    // izar-edge still measures a link to a node that is no more.
    one.data.nodes.erase(NodeId{200});
    one.ids.pop_back();
    one.report.set_static(one.data);
    EXPECT_EQ(one.deliver(one.write()).size(), 198U);
}

RC_GTEST_PROP(RowReport, TheShorterFormGoesOut, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const auto nodes = *rc::gen::inRange<std::uint16_t>(2, 30);
    Exchange one(nodes);
    (void)one.report.take(taken(0));
    bool summaries = false;
    for (int round = 0; round < 4; ++round) {
        one.row = row_of(nodes, random);
        const control::LinkRow message = one.write();
        RC_ASSERT(message.ByteSizeLong() <= items_of(one.row).ByteSizeLong());
        RC_ASSERT((message.items_size() == 0) == !message.summary().empty());
        if (!message.summary().empty()) {
            summaries = true;
            RC_ASSERT(one.deliver(message).size() == one.row.size());
        }
    }
    RC_TAG(summaries ? "summaries" : "items");
}

TEST(RowReport, OneLinkGoesAsAnItemAndManyAsASummary) {
    for (const std::uint16_t nodes : {2, 200}) {
        Exchange one(nodes);
        (void)one.report.take(taken(0));
        EXPECT_EQ(one.write().summary().empty(), nodes == 2) << nodes;
    }
}

}  // namespace
}  // namespace izar
