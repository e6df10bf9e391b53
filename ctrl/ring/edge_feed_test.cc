// The agent's side and the edge's side of the ring together: what one has, the other's scheduler gets.
#include "ctrl/ring/edge_feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "ctrl/ring/feed_sender.h"
#include "ctrl/ring/link_body.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using ring::Kind;
using std::chrono::milliseconds;

FleetNode node(std::uint16_t id) {
    FleetNode out;
    out.id = NodeId{id};
    out.overlay_address = *IpAddress::parse("10.0.0." + std::to_string(id));
    std::strcpy(out.name, ("n" + std::to_string(id)).c_str());
    std::strcpy(out.region, "eu");
    return out;
}

Service service(std::uint32_t id) {
    Service out;
    out.id = ServiceId{id};
    std::strcpy(out.name, "web");
    out.vip = *IpAddress::parse("10.99.0.80");
    out.first_port = out.last_port = 80;
    out.duplicate = true;
    out.timeouts.udp = std::chrono::seconds{7};
    out.egresses = {{NodeId{2}, 3}};
    out.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 4}, {*IpAddress::parse("10.2.0.11"), 0, 1}};
    return out;
}

StaticData data(std::uint64_t version, std::initializer_list<std::uint16_t> nodes) {
    StaticData out;
    out.version = version;
    for (const std::uint16_t id : nodes) {
        out.nodes[NodeId{id}] = node(id);
        if (id != 1) {
            out.secrets[NodeId{id}] = LinkSecret{static_cast<std::uint8_t>(id)};
        }
    }
    out.services[ServiceId{100}] = service(100);
    return out;
}

std::shared_ptr<const Fleet> own_fleet() {
    auto out = std::make_shared<Fleet>();
    out->nodes = {node(1)};
    out->self = NodeSlot{0};
    out->slot_of_id[1] = NodeSlot{0};
    return out;
}

class EdgeFeedTest : public testing::Test {
  protected:
    void SetUp() override {
        start_agent();
        start_edge();
        mesh.set_fleet(*own_fleet());
    }

    void start_agent() {
        sender.reset();
        agent.reset();
        agent = std::move(*RingEnd::open(shared_path(folder.path()), RingSide::agent, ++boots));
        sender = std::make_unique<FeedSender>(*agent, NodeId{1});
    }
    void start_edge() {
        edge.reset();
        edge =
            std::make_unique<EdgeFeed>(std::move(*RingEnd::open(shared_path(folder.path()), RingSide::edge, ++boots)),
                                       own_fleet(), own_policies, sources);
    }
    // Both sides work until nothing moves; what reached the scheduler is kept.
    void settle() {
        for (int round = 0; round < 100; ++round) {
            now += milliseconds{1};
            if (agent->poll(now)) {
                sender->resend();
            }
            (void)sender->do_work();
            (void)edge->do_work(now, mesh, feed);
            std::shared_ptr<const FeedUpdate> update;
            while (feed.pop(update)) {
                updates.push_back(update);
                if (update->fleet != nullptr) {
                    mesh.set_fleet(*update->fleet);
                }
            }
            while (const auto message = agent->receive()) {
                heard.push_back(*message);
            }
        }
    }
    // The updates that brought a fleet.
    std::vector<std::shared_ptr<const FeedUpdate>> fleets() const {
        std::vector<std::shared_ptr<const FeedUpdate>> out;
        std::ranges::copy_if(updates, std::back_inserter(out),
                             [](const auto& update) { return update->fleet != nullptr; });
        return out;
    }
    std::size_t heard_of(Kind kind) const {
        return static_cast<std::size_t>(std::count_if(
            heard.begin(), heard.end(), [&](const ring::Message& message) { return message.kind == kind; }));
    }

    TemporaryFolder folder;
    std::uint64_t boots = 0;
    std::unique_ptr<RingEnd> agent;
    std::unique_ptr<FeedSender> sender;
    std::unique_ptr<EdgeFeed> edge;
    RowSources sources;
    const std::shared_ptr<const RoutingPolicies> own_policies = std::make_shared<const RoutingPolicies>();
    Mesh mesh;
    FeedRing feed;
    Instant now{};
    std::vector<std::shared_ptr<const FeedUpdate>> updates;
    std::vector<ring::Message> heard;
};

TEST_F(EdgeFeedTest, ARowEndsWithLegsFlowsAndTheReflector) {
    sources.held_flows = [] { return std::uint64_t{7}; };
    sources.legs = [](Instant at) {
        LegMeasurements out{};
        out[1] = {MeasurementSource::tcp_timestamp, 9, 0, milliseconds{2}, milliseconds{3}, Nanos{0}, at};
        return out;
    };
    sources.stamp_port = 862;
    start_edge();
    settle();
    ASSERT_EQ(heard_of(Kind::own_leg), 1U) << "nothing was measured of the other";
    ASSERT_EQ(heard_of(Kind::own_row_end), 1U);
    const auto leg = std::ranges::find(heard, Kind::own_leg, &ring::Message::kind);
    const auto end = std::ranges::find(heard, Kind::own_row_end, &ring::Message::kind);
    EXPECT_LT(leg, end) << "it is of that row";
    const auto measured = read_leg_body(ring::body_of<ring::OwnLeg>(*leg), now);
    ASSERT_TRUE(measured);
    EXPECT_EQ(measured->leg, Leg::origin);
    EXPECT_EQ(measured->measured.mean, milliseconds{3});
    EXPECT_EQ(ring::body_of<ring::RowEnd>(*end).stamp_port, 862);
    EXPECT_EQ(ring::body_of<ring::RowEnd>(*end).flows_and_one, 8U);
}

TEST_F(EdgeFeedTest, KindsOfANewerAgentAreSkipped) {
    settle();
    ASSERT_TRUE(agent->send(Kind{200}, ring::FeedNodeBody{}));
    sender->set_static(data(5, {1, 2}));
    (void)sender->do_work();
    ASSERT_TRUE(agent->send(Kind{201}, ring::FeedNodeBody{}));
    settle();
    ASSERT_EQ(fleets().size(), 1U);
    EXPECT_EQ(fleets().at(0)->fleet->version, 5U);
}

TEST_F(EdgeFeedTest, StaticDataArrivesWholeAndIsAcknowledged) {
    StaticData whole = data(5, {1, 2, 9});
    whole.former_secrets[NodeId{9}] = LinkSecret{99};
    sender->set_static(whole);
    settle();
    ASSERT_EQ(fleets().size(), 1U);
    const auto update = fleets().at(0);
    const Fleet& fleet = *update->fleet;
    EXPECT_EQ(fleet.version, 5U);
    EXPECT_EQ(fleet.self, NodeSlot{0});
    EXPECT_EQ(fleet.slot(NodeId{9}), NodeSlot{2});
    EXPECT_EQ(fleet.node(NodeSlot{2}).overlay_address.text(), "10.0.0.9");
    const Service& got = update->services->services().at(0);
    EXPECT_STREQ(got.name, "web");
    EXPECT_TRUE(got.duplicate);
    EXPECT_EQ(got.timeouts.udp, std::chrono::seconds{7});
    EXPECT_EQ(got.egresses.at(0).weight, 3U);
    EXPECT_EQ(got.origins.at(0).port, 8080);
    EXPECT_EQ(got.origins.at(1).address.text(), "10.2.0.11");
    const auto secrets = edge->take_secrets();
    ASSERT_TRUE(secrets);
    ASSERT_EQ(secrets->size(), 2U);
    EXPECT_EQ(secrets->at(0).former, std::nullopt);
    EXPECT_EQ(secrets->at(1).secret, LinkSecret{9});
    EXPECT_EQ(secrets->at(1).former, LinkSecret{99});
    ASSERT_EQ(heard_of(Kind::static_taken), 1U);
}

TEST_F(EdgeFeedTest, RoutingPolicyOfTheControllerCountsWhileThereIsOne) {
    StaticData first = data(1, {1, 2});
    first.routing_policy =
        "policies:\n  - {name: fast}\n  - {name: eu-only, forbidden: {regions: [us]}, services: [web]}\n#" +
        std::string(1'000, '.') + "\n";  // longer than one message of the ring
    sender->set_static(first);
    settle();
    ASSERT_NE(fleets().at(0)->policies, nullptr);
    EXPECT_EQ(fleets()[0]->policies->at(fleets()[0]->policies->index_of("web")).name, "eu-only");
    StaticData second = first;
    second.version = 2;
    sender->set_static(second);
    settle();
    EXPECT_EQ(fleets().at(1)->policies, nullptr) << "unchanged";
    sender->set_static(data(3, {1, 2}));
    settle();
    EXPECT_EQ(fleets().at(2)->policies, own_policies) << "without one, the node's own count again";
}

// One text for all nodes: a relay repairs by the policy that chose the path.
TEST_F(EdgeFeedTest, TheNodesEnvironmentChangesNothingInAPolicyOfTheController) {
    ASSERT_EQ(setenv("IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT", "99", 1), 0);
    StaticData told = data(1, {1, 2});
    told.routing_policy = "policies: [{name: fast}]\nlast_mile: {target_cpu_percent: 50}\n";
    sender->set_static(told);
    settle();
    ASSERT_EQ(unsetenv("IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT"), 0);
    ASSERT_NE(fleets().at(0)->policies, nullptr);
    EXPECT_EQ(fleets()[0]->policies->last_mile.target_cpu, 50);
}

TEST_F(EdgeFeedTest, PolicyThatCannotBeReadRefusesTheUpdateItCameWith) {
    StaticData bad = data(1, {1, 2});
    bad.routing_policy = "policies: [{name: fast, tomorrow: yes}]\n";
    sender->set_static(bad);
    settle();
    EXPECT_TRUE(fleets().empty()) << "services must not move under a policy that nobody follows";
    EXPECT_NE(edge->assembly().problem().find("unknown key 'tomorrow'"), std::string::npos);
    sender->set_static(data(2, {1, 2}));
    settle();
    EXPECT_EQ(fleets().size(), 1U);
}

TEST_F(EdgeFeedTest, NodesKeepTheirSlots) {
    sender->set_static(data(1, {1, 2, 3}));
    settle();
    sender->set_static(data(2, {1, 3, 4}));
    settle();
    ASSERT_EQ(fleets().size(), 2U);
    const auto second = fleets().at(1);
    const Fleet& fleet = *second->fleet;
    EXPECT_EQ(fleet.slot(NodeId{3}), fleets()[0]->fleet->slot(NodeId{3}));
    EXPECT_EQ(fleet.slot(NodeId{2}), kNoSlot);
    EXPECT_EQ(fleet.slot(NodeId{4}), NodeSlot{3}) << "a freed slot is not given to the next best";
}

TEST_F(EdgeFeedTest, NewLifeOfTheEdgeGetsEverythingAgain) {
    sender->set_static(data(5, {1, 2}));
    sender->set_life(FeedLife::live);
    sender->set_withdrawn(NodeId{2}, true);
    settle();
    updates.clear();
    start_edge();
    settle();
    ASSERT_GE(updates.size(), 2U);
    EXPECT_EQ(fleets()[0]->fleet->version, 5U);
    EXPECT_EQ(updates.back()->life, FeedLife::live);
    EXPECT_EQ(updates.back()->withdrawn, std::vector<NodeId>{NodeId{2}});
}

TEST_F(EdgeFeedTest, AgentsDeathMakesTheFeedSilentAndChangesNothingElse) {
    sender->set_static(data(5, {1, 2}));
    sender->set_life(FeedLife::live);
    settle();
    updates.clear();
    sender.reset();
    agent.reset();
    now += RingEnd::kSilence;
    (void)edge->do_work(now, mesh, feed);
    now += RingEnd::kSilence;
    (void)edge->do_work(now, mesh, feed);
    std::shared_ptr<const FeedUpdate> update;
    ASSERT_TRUE(feed.pop(update));
    EXPECT_EQ(update->life, FeedLife::silent);
    EXPECT_EQ(update->fleet, nullptr);
    EXPECT_FALSE(feed.pop(update));
}

TEST_F(EdgeFeedTest, HalfAnUpdateCountsForNothing) {
    settle();
    ring::StaticBegin begin{};
    begin.version = 9;
    begin.nodes = 2;
    ASSERT_TRUE(agent->send(Kind::static_begin, begin));
    settle();
    start_agent();  // killed before its commit
    sender->set_static(data(10, {1, 2}));
    settle();
    ASSERT_EQ(fleets().size(), 1U);
    EXPECT_EQ(fleets()[0]->fleet->version, 10U);
}

TEST_F(EdgeFeedTest, PartsOutOfRangeRefuseTheWholeUpdate) {
    settle();
    ring::StaticBegin begin{};
    begin.version = 9;
    begin.nodes = 1;
    ASSERT_TRUE(agent->send(Kind::static_begin, begin));
    ASSERT_TRUE(agent->send(Kind::static_node, ring::StaticNode{}));
    ASSERT_TRUE(agent->send(Kind::static_commit, ring::StaticCommit{9}));
    sender->set_static(data(3, {2}));  // this node is not in it
    settle();
    EXPECT_TRUE(fleets().empty());
    EXPECT_EQ(edge->assembly().refused(), 2U);
    EXPECT_FALSE(edge->assembly().problem().empty());
}

// Only the node itself knows its egress addresses, so the controller cannot have refused it.
TEST_F(EdgeFeedTest, AServiceOnOurEgressAddressIsLeftOut) {
    edge->set_egress_addresses({service(100).vip});
    StaticData two = data(3, {1, 2});
    two.services[ServiceId{101}] = service(101);
    two.services[ServiceId{101}].vip = *IpAddress::parse("10.99.0.81");
    sender->set_static(two);
    settle();
    const auto update = edge->take_static();
    ASSERT_TRUE(update);
    ASSERT_EQ(update->services->services().size(), 1U);
    EXPECT_EQ(update->services->services()[0].id, ServiceId{101});
    EXPECT_EQ(edge->assembly().refused(), 1U);
    EXPECT_NE(edge->assembly().problem().find("is an egress address of this node too"), std::string::npos);
}

TEST_F(EdgeFeedTest, KindsOfANewerVersionAreSkipped) {
    sender->set_static(data(3, {1, 2}));
    settle();
    ASSERT_TRUE(agent->send(static_cast<Kind>(1'000), ring::StaticCommit{1}));
    FeedLink link;
    link.from = NodeId{2};
    link.to = NodeId{1};
    link.rtt = milliseconds{3};
    sender->set_mesh({link});
    settle();
    EXPECT_EQ(edge->assembly().skipped(), 1U);
    ASSERT_EQ(updates.back()->links.size(), 1U);
    EXPECT_EQ(updates.back()->links[0].rtt, milliseconds{3});
}

TEST_F(EdgeFeedTest, LoadsOfNodesArrive) {
    sender->set_static(data(3, {1, 2}));
    FeedNode busy;
    busy.node = NodeId{2};
    busy.load = {.cpu_percent = 80,
                 .mean_excess = 1,
                 .mean_queue = 7.5,
                 .price = 0.25,
                 .used = BitRate{40'000'000},
                 .capacity = BitRate{100'000'000},
                 .egress_percent = 62.5};
    sender->set_loads({busy});
    settle();
    const auto told = std::ranges::find_if(updates, [](const auto& update) { return !update->nodes.empty(); });
    ASSERT_NE(told, updates.end());
    EXPECT_EQ((*told)->nodes[0].node, NodeId{2});
    EXPECT_EQ((*told)->nodes[0].load.mean_queue, 7.5);
    EXPECT_EQ((*told)->nodes[0].load.price, 0.25);
    EXPECT_EQ((*told)->nodes[0].load.egress_percent, 62.5);
    EXPECT_EQ((*told)->nodes[0].load.used, BitRate{40'000'000});
    EXPECT_EQ((*told)->nodes[0].load.capacity, BitRate{100'000'000});
}

TEST_F(EdgeFeedTest, OwnLinksAreToldAtOnceWhenTheyChange) {
    sender->set_static(data(3, {1, 2}));
    settle();
    LinkReport report;
    report.link = NodeSlot{1};
    report.at = now;
    report.kind = LinkReportKind::up;
    mesh.take(report);
    report.kind = LinkReportKind::rtt;
    report.rtt = {milliseconds{5}, milliseconds{5}, 1};
    mesh.take(report);
    report.kind = LinkReportKind::traffic;
    report.traffic = {125'000, std::chrono::seconds{1}, BitRate{100'000'000}};
    mesh.take(report);
    heard.clear();
    settle();
    ASSERT_GE(heard_of(Kind::own_link), 1U);
    const auto link = read_link_body(ring::body_of<ring::Link>(heard.front()));
    ASSERT_TRUE(link);
    EXPECT_EQ(link->from, NodeId{1});
    EXPECT_EQ(link->to, NodeId{2});
    EXPECT_TRUE(link->reachable);
    EXPECT_EQ(link->bandwidth.used, BitRate{1'000'000});
    EXPECT_EQ(link->bandwidth.capacity, BitRate{100'000'000});
    EXPECT_EQ(link->bandwidth.count, 1U);
    heard.clear();
    report.kind = LinkReportKind::down;
    report.at = now;
    mesh.take(report);
    settle();
    ASSERT_GE(heard_of(Kind::own_link), 1U);
    EXPECT_FALSE(read_link_body(ring::body_of<ring::Link>(heard.front()))->reachable);
}

TEST(LinkBody, RefusesWhatIsOutOfRange) {
    FeedLink link;
    link.from = NodeId{1};
    link.to = NodeId{2};
    link.loss = 2;
    EXPECT_EQ(read_link_body(link_body(link))->loss, 1.0);
    EXPECT_FALSE(read_link_body(link_body(link))->round_trip);
    link.round_trip = true;
    EXPECT_TRUE(read_link_body(link_body(link))->round_trip);
    link.to = NodeId{1};
    EXPECT_FALSE(read_link_body(link_body(link)));
}

TEST_F(EdgeFeedTest, TheAgentHasAStampSessionRun) {
    settle();
    const StampSession wanted{*IpAddress::parse("10.77.0.9"), 862, milliseconds{20}, 10, 7};
    ASSERT_TRUE(agent->send(Kind::stamp_task, stamp_task_body(wanted)));
    settle();
    const auto sessions = edge->take_stamp_sessions();
    ASSERT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions[0].peer, wanted.peer);
    EXPECT_EQ(sessions[0].task, 7U);
    EXPECT_TRUE(edge->take_stamp_sessions().empty()) << "once";
    StampReport report{.slot = 3, .session = sessions[0], .sent = 10, .over = true};
    report.measurement = {MeasurementSource::stamp, 9, 1, milliseconds{20}, milliseconds{21}, Nanos{0}, now};
    edge->tell(report, now);
    settle();
    ASSERT_EQ(heard_of(Kind::stamp_result), 1U);
    const auto result = std::ranges::find(heard, Kind::stamp_result, &ring::Message::kind);
    const StampReport told = read_stamp_result(ring::body_of<ring::StampResult>(*result), now);
    EXPECT_EQ(told.session.task, 7U);
    EXPECT_EQ(told.measurement.samples, 9U);
    EXPECT_EQ(told.measurement.mean, milliseconds{21});
    EXPECT_TRUE(told.over);
}

TEST_F(EdgeFeedTest, AStampSessionWithoutEndIsRefused) {
    settle();
    ASSERT_TRUE(
        agent->send(Kind::stamp_task, stamp_task_body({*IpAddress::parse("10.77.0.9"), 862, milliseconds{20}, 0, 7})));
    settle();
    EXPECT_TRUE(edge->take_stamp_sessions().empty());
    ASSERT_EQ(heard_of(Kind::stamp_result), 1U);
    const auto result = std::ranges::find(heard, Kind::stamp_result, &ring::Message::kind);
    const StampReport told = read_stamp_result(ring::body_of<ring::StampResult>(*result), now);
    EXPECT_TRUE(told.over);
    EXPECT_EQ(told.sent, 0U);
}

}  // namespace
}  // namespace izar
