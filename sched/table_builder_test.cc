#include "sched/table_builder.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dataplane/wire/overlay.h"
#include "sched/testing/test_node.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{std::chrono::hours{1}};

class TableBuilderTest : public testing::Test {
  protected:
    TableBuilderTest() {
        mesh.set_fleet(*fleet);
        for (std::size_t to = 1; to < 5; ++to) {
            LinkReport report;
            report.link = slot_at(to);
            report.at = kNow;
            report.rtt = {.least = 10ms, .mean = 10ms, .count = 1};
            mesh.take(report);
        }
        mesh.take(FeedUpdate{.links = {{.from = id_at(1), .to = id_at(2), .rtt = 7ms},
                                       {.from = id_at(2), .to = id_at(3), .rtt = 5ms}}},
                  kNow);
    }
    PathContext context(double spread_margin = -1) const {
        return {.fleet = *fleet, .mesh = mesh, .overlay_mtu = 1500, .spread_margin = spread_margin, .now = kNow};
    }

    std::shared_ptr<Fleet> fleet = make_fleet(5, 0);
    Mesh mesh;
};

TEST_F(TableBuilderTest, APathNamesItsSegmentsAndSumsItsLinks) {
    const Path path = build_path(context(), slot_at(3), {.relay = {slot_at(1), slot_at(2)}, .cost = 22'000});
    EXPECT_EQ(path.segments, (std::array{id_at(1), id_at(2), id_at(3)}));
    EXPECT_EQ(path.length, 3);
    EXPECT_EQ(path.first_link, slot_at(1));
    EXPECT_EQ(path.predicted_rtt_us, 22'000u);
    EXPECT_EQ(build_path(context(), slot_at(3), RelayPath{}).length, 0);
}

TEST_F(TableBuilderTest, TheMtuIsThatOfTheWidestEncapsulation) {
    const RelayPath over_1{.relay = {slot_at(1), kNoSlot}, .cost = 15'000};
    EXPECT_EQ(build_path(context(), slot_at(2), over_1).inner_mtu, 1500 - overlay_overhead(Family::ipv4));
    fleet->nodes[1].overlay_address = *IpAddress::parse("fd00::1");
    EXPECT_EQ(build_path(context(), slot_at(2), over_1).inner_mtu, 1500 - overlay_overhead(Family::ipv6));
}

TEST_F(TableBuilderTest, EveryPathHasABackupThatStartsElsewhere) {
    PlannedRoute route{.primary = {.relay = {slot_at(1), kNoSlot}, .cost = 10'000},
                       .backup = {.relay = {slot_at(2), kNoSlot}, .cost = 12'000}};
    route.spread[0] = {.relay = {slot_at(1), slot_at(4)}, .cost = 10'200};
    route.spread[1] = {.relay = {slot_at(2), slot_at(4)}, .cost = 10'300};
    const Destination destination = build_destination(context(0.05), slot_at(3), route);
    EXPECT_EQ(destination.path_count, 4);
    EXPECT_EQ(destination.backup, (std::array<std::uint8_t, 4>{1, 0, 1, 0}));
    const auto slots_of = [&](std::uint8_t path) { return std::ranges::count(destination.spread, path); };
    EXPECT_EQ(slots_of(1), 0) << "the backup is 20 % dearer";
    EXPECT_NEAR(slots_of(0), 5.4, 1);
    EXPECT_NEAR(slots_of(2), 5.3, 1);
    EXPECT_NEAR(slots_of(3), 5.2, 1);
}

TEST_F(TableBuilderTest, WithoutSpreadAllFlowsTakeThePrimary) {
    const PlannedRoute route{.primary = {.cost = 10'000}};
    const Destination destination = build_destination(context(), slot_at(3), route);
    EXPECT_EQ(destination.path_count, 1);
    EXPECT_EQ(destination.backup[0], 0) << "its own index: no backup";
    EXPECT_EQ(std::ranges::count(destination.spread, 0), static_cast<std::ptrdiff_t>(kSpreadSlots));
    EXPECT_EQ(build_destination(context(), slot_at(3), PlannedRoute{}).path_count, 0);
}

TEST_F(TableBuilderTest, EqualMembersShareOneTable) {
    std::vector<Service> services(3);
    for (std::size_t i = 0; i < 3; ++i) {
        services[i].id = ServiceId{static_cast<std::uint32_t>(i + 1)};
        services[i].egresses = {{id_at(1), 1}, {id_at(i == 2 ? 3 : 2), 1}};
        services[i].origins = {{*IpAddress::parse("10.8.0.1"), static_cast<std::uint16_t>(80 + i), 1}};
    }
    const ServiceTable wanted{services};
    ServiceBuilder builder;
    const auto built = builder.build(wanted, *fleet, {}, {std::vector<std::uint32_t>(5, 100)});
    EXPECT_EQ((*built)[0].egress_choice, (*built)[1].egress_choice);
    EXPECT_NE((*built)[0].egress_choice, (*built)[2].egress_choice);
    EXPECT_NE((*built)[0].origin_choice, (*built)[1].origin_choice) << "another port is another origin";
    const auto later = builder.build(wanted, *fleet, {}, {{100, 100, 0, 100, 100}});
    EXPECT_NE((*later)[0].egress_choice, (*built)[0].egress_choice);
    EXPECT_EQ((*later)[2].egress_choice, (*built)[2].egress_choice) << "nothing it needs changed";
}

TEST_F(TableBuilderTest, AnEgressThatIsNoNodeOfTheFleetGetsNothing) {
    Service service{.id = ServiceId{1}};
    service.egresses = {{NodeId{999}, 5}, {id_at(1), 1}};
    const auto built =
        ServiceBuilder{}.build(ServiceTable{{service}}, *fleet, {}, {std::vector<std::uint32_t>(5, 100)});
    EXPECT_EQ(std::ranges::count((*built)[0].egress_choice->slot, 0), 0);
}

TEST_F(TableBuilderTest, EachServiceFollowsItsPolicy) {
    std::vector<Service> services(2);
    for (std::size_t i = 0; i < 2; ++i) {
        services[i].id = ServiceId{static_cast<std::uint32_t>(i + 1)};
        services[i].egresses = {{id_at(1), 1}, {id_at(2), 1}};
    }
    std::strcpy(services[1].name, "web");
    const RoutingPolicies policies{.list = {{}, {.name = "eu"}}, .of_service = {{"web", PolicyIndex{1}}}};
    const EgressShares shares{std::vector<std::uint32_t>(5, 100), {100, 100, 0, 100, 100}};
    const auto built = ServiceBuilder{}.build(ServiceTable{services}, *fleet, policies, shares);
    EXPECT_EQ((*built)[0].policy, kDefaultPolicy);
    EXPECT_EQ((*built)[1].policy, PolicyIndex{1});
    EXPECT_GT(std::ranges::count((*built)[0].egress_choice->slot, 1), 0);
    EXPECT_EQ(std::ranges::count((*built)[1].egress_choice->slot, 1), 0) << "not usable under its policy";
}

TEST_F(TableBuilderTest, TheOwnRowTellsWhatWasMeasured) {
    const auto row = build_own_row(mesh, *fleet, kNow);
    ASSERT_EQ(row.size(), 4u);
    EXPECT_EQ(row[0].node.value(), raw(id_at(1)));
    EXPECT_EQ(row[0].rtt_us.value(), 10'000u);
    auto moved = row;
    moved[0].rtt_us = Be32{10'199};
    EXPECT_FALSE(rows_differ(row, moved));
    moved[0].rtt_us = Be32{10'201};
    EXPECT_TRUE(rows_differ(row, moved));
    moved[0].rtt_us = Be32{kUnreachableRtt};
    EXPECT_TRUE(rows_differ(row, moved));
    moved.pop_back();
    EXPECT_TRUE(rows_differ(row, moved));
}

TEST_F(TableBuilderTest, AnEgressGetsFlowsByItsWeightAndItsShare) {
    Service service{.id = ServiceId{1}};
    service.egresses = {{id_at(1), 1}, {id_at(2), 2}};
    const auto built = ServiceBuilder{}.build(ServiceTable{{service}}, *fleet, {}, {{100, 150, 25, 100, 100}});
    const auto first = std::ranges::count((*built)[0].egress_choice->slot, 0);
    EXPECT_NEAR(static_cast<double>(first) / kMaglevSlots, 0.75, 0.01);
}

}  // namespace
}  // namespace izar
