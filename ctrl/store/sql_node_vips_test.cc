// VIPs of services at nodes, over both databases.
#include <fmt/format.h>

#include "ctrl/store/testing/store_suite.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

TYPED_TEST_SUITE(StoreSuite, Backings);

NodeVip at(NodeId node, std::string_view text) {
    return {.node = node, .address = address(text)};
}

Service web() {
    return service_named("web", "203.0.113.1", "10.1.0.1");
}

TYPED_TEST(StoreSuite, AServicesVipsAtNodesAreThereAfterReopening) {
    const NodeId one = this->joined(1).id;
    const NodeId two = this->joined(2).id;
    const auto set = granted(this->store().set_service(web(), {{at(two, "10.2.0.80"), at(one, "10.1.0.80")}}, kNow));
    ASSERT_EQ(set.node_vips.size(), 2U);
    EXPECT_EQ(set.node_vips[0].node, one);
    EXPECT_NE(set.node_vips[0].id, kNoService);
    EXPECT_NE(set.node_vips[0].id, set.service.id);
    EXPECT_NE(set.node_vips[0].id, set.node_vips[1].id);
    this->reopen();
    EXPECT_EQ(granted(this->store().services()).at(0).node_vips, set.node_vips);
    const auto changes = granted(this->store().changes_since(StaticVersion{0}));
    EXPECT_EQ(changes.services.at(0).node_vips, set.node_vips);
    EXPECT_EQ(changes.services.at(0).version, changes.version);
}

TYPED_TEST(StoreSuite, AChangeOfVipsAtNodesIsOneOfTheService) {
    const NodeId one = this->joined(1).id;
    const auto before = granted(this->store().set_service(web(), {{at(one, "10.1.0.80")}}, kNow));
    const auto same = granted(this->store().set_service(web(), {{at(one, "10.1.0.80")}}, kNow));
    EXPECT_EQ(same.version, before.version) << "nothing changed";
    granted(this->store().set_service(service_named("shop", "203.0.113.2", "10.1.0.1"), kNow));
    const auto known = granted(this->store().static_version());
    granted(this->store().set_service(web(), kNow));
    const auto changes = granted(this->store().changes_since(known));
    ASSERT_EQ(changes.services.size(), 1U);
    EXPECT_TRUE(changes.services[0].node_vips.empty());
    EXPECT_EQ(this->backing().ask_outside("SELECT COUNT(*) FROM izar_node_vips"), "0");
}

// Flows know their service by its id: they live on when their VIP is another node's.
TYPED_TEST(StoreSuite, AVipKeepsItsIdAtWhicheverNodeAndNoneIsGivenTwice) {
    const NodeId one = this->joined(1).id;
    const NodeId two = this->joined(2).id;
    const auto before =
        granted(this->store().set_service(web(), {{at(one, "10.1.0.80"), at(two, "10.2.0.80")}}, kNow)).node_vips;
    const auto swapped =
        granted(this->store().set_service(web(), {{at(one, "10.2.0.80"), at(two, "10.1.0.80")}}, kNow)).node_vips;
    EXPECT_EQ(swapped[0], (NodeVip{one, address("10.2.0.80"), before[1].id}));
    EXPECT_EQ(swapped[1], (NodeVip{two, address("10.1.0.80"), before[0].id}));
    EXPECT_EQ(granted(this->store().services()).at(0).node_vips, swapped);
    granted(this->store().set_service(web(), kNow));
    const auto again = granted(this->store().set_service(web(), {{at(one, "10.1.0.80")}}, kNow));
    EXPECT_GT(raw(again.node_vips[0].id), raw(before[1].id));
    const auto next = granted(this->store().set_service(service_named("shop", "203.0.113.2", "10.1.0.1"), kNow));
    EXPECT_GT(raw(next.service.id), raw(again.node_vips[0].id));
}

TYPED_TEST(StoreSuite, ARemovedServiceTakesItsVipsAtNodesAlong) {
    const NodeId one = this->joined(1).id;
    granted(this->store().set_service(web(), {{at(one, "10.1.0.80")}}, kNow));
    granted(this->store().remove_service("web", kNow));
    EXPECT_EQ(this->backing().ask_outside("SELECT COUNT(*) FROM izar_node_vips"), "0");
    EXPECT_TRUE(this->store().set_service(service_named("shop", "10.1.0.80", "10.1.0.1"), kNow)) << "it is free";
}

TYPED_TEST(StoreSuite, NoTwoServicesHaveOneVip) {
    const NodeId one = this->joined(1).id;
    granted(this->store().set_service(web(), {{at(one, "10.1.0.80")}}, kNow));
    const auto its_own = this->store().set_service(service_named("shop", "10.1.0.80", "10.1.0.1"), kNow);
    EXPECT_EQ(fault_of(its_own), StoreFault::conflict);
    EXPECT_NE(its_own.error().text.find("service web has the same VIP (10.1.0.80)"), std::string::npos)
        << its_own.error().text;
    Service shop = service_named("shop", "203.0.113.2", "10.1.0.1");
    EXPECT_EQ(fault_of(this->store().set_service(shop, {{at(one, "10.1.0.80")}}, kNow)), StoreFault::conflict);
    EXPECT_EQ(fault_of(this->store().set_service(shop, {{at(one, "203.0.113.1")}}, kNow)), StoreFault::conflict);
    shop.first_port = shop.last_port = 81;
    EXPECT_TRUE(this->store().set_service(shop, {{at(one, "10.1.0.80")}}, kNow)) << "another port of it";
}

TYPED_TEST(StoreSuite, AVipIsAtANodeThatIsThere) {
    const NodeId one = this->joined(1).id;
    const NodeId two = this->joined(2).id;
    EXPECT_EQ(fault_of(this->store().set_service(web(), {{at(NodeId{9}, "10.9.0.80")}}, kNow)), StoreFault::refused);
    granted(this->store().set_service(web(), {{at(one, "10.1.0.80")}}, kNow));
    granted(this->store().revoke_node(one, kNow));
    Service web_on = web();
    web_on.duplicate = true;
    EXPECT_TRUE(this->store().set_service(web_on, {{at(one, "10.1.0.80")}}, kNow)) << "clients have it; it may stay";
    EXPECT_EQ(fault_of(this->store().set_service(web_on, {{at(one, "10.1.0.81")}}, kNow)), StoreFault::refused);
    EXPECT_TRUE(this->store().set_service(web_on, {{at(two, "10.1.0.80")}}, kNow)) << "its successor takes it over";
    EXPECT_EQ(fault_of(this->store().set_service(web_on, {{at(one, "10.1.0.80")}}, kNow)), StoreFault::refused);
}

TYPED_TEST(StoreSuite, NoVipIsTheAddressOfANodeNotEvenOfADeclaredOne) {
    const NodeId one = this->joined(1).id;
    const NodeId two = this->joined(2).id;
    Inventory inventory;
    inventory.nodes = {{.name = "tyo", .region = "asia", .address = address("10.0.0.9")}};
    granted(this->store().import_inventory(inventory, kNow));
    for (const char* const taken : {"10.0.0.1", "10.0.0.9"}) {
        const auto refused = this->store().set_service(service_named("web", taken, "10.1.0.1"), kNow);
        EXPECT_EQ(fault_of(refused), StoreFault::conflict);
        EXPECT_NE(refused.error().text.find("is the overlay address of node"), std::string::npos);
        EXPECT_EQ(fault_of(this->store().set_service(web(), {{at(two, taken)}}, kNow)), StoreFault::conflict);
    }
    granted(this->store().revoke_node(one, kNow));
    EXPECT_TRUE(this->store().set_service(service_named("web", "10.0.0.1", "10.1.0.1"), kNow)) << "it is free";
}

// What forwards has a table of so many.
TYPED_TEST(StoreSuite, VipsAtNodesCountAsServices) {
    std::vector<NodeVip> vips;
    for (std::size_t i = 1; i < kMaxServices; ++i) {
        vips.push_back(at(NodeId{static_cast<std::uint16_t>(i)}, fmt::format("10.{}.{}.1", 100 + i / 250, i % 250)));
    }
    vips.push_back(at(NodeId{9'999}, "10.99.0.1"));
    const auto refused = this->store().set_service(web(), vips, kNow);
    EXPECT_EQ(fault_of(refused), StoreFault::conflict);
    EXPECT_NE(refused.error().text.find("4096 services at most"), std::string::npos) << refused.error().text;
}

}  // namespace
}  // namespace izar
