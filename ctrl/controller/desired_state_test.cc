// Over a real SQLite store.
#include "ctrl/controller/desired_state.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "ctrl/controller/fleet_identity.h"
#include "ctrl/store/token.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

const WallTime kNow{std::chrono::seconds{1'790'000'000}};

class DesiredStateTest : public testing::Test {
  protected:
    void SetUp() override { store = std::move(*open_sqlite_store(folder / "izar.db", StoreOptions{})); }
    // A node whose agent was here, unless `seen` says that it never was.
    NodeId join(const std::string& name, std::uint8_t number, bool seen = true, const std::string& region = "eu") {
        TokenRandom random{};
        random[0] = number;
        const std::string token = new_token(random);
        EXPECT_TRUE(store->create_token(token, TokenSpec{region, std::chrono::hours{1}, 1}, kNow));
        const auto record =
            store->join({token, name, *IpAddress::parse("10.0.0." + std::to_string(number)), Digest{number}}, kNow);
        EXPECT_TRUE(record) << record.error().text;
        EXPECT_TRUE(!seen || store->mark_seen({&record->id, 1}, kNow));
        EXPECT_TRUE(desired.refresh(*store));
        return record->id;
    }
    void set_service(std::vector<Egress> egresses, const std::vector<NodeVip>& vips = {}) {
        Service service;
        std::strcpy(service.name, "web");
        service.vip = *IpAddress::parse("10.99.0.80");
        service.first_port = service.last_port = 80;
        service.egresses = std::move(egresses);
        service.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 1}};
        ASSERT_TRUE(store->set_service(service, vips, kNow));
        ASSERT_TRUE(*desired.refresh(*store));
    }
    std::vector<NodeId> egresses() const {
        std::vector<NodeId> out;
        for (const Egress& egress : desired.services().begin()->second.egresses) {
            out.push_back(egress.node);
        }
        return out;
    }

    TemporaryFolder folder;
    std::unique_ptr<Store> store;
    DesiredState desired{MasterSecret{1}};
};

TEST_F(DesiredStateTest, ChangesLeadOldReadersToTheNewest) {
    const NodeId ams = join("ams", 1);
    StaticData held;
    ASSERT_TRUE(apply_update(desired.update_for(ams, 0), held));
    const auto before = held.version;
    const NodeId fra = join("fra", 2);
    const control::StaticUpdate change = desired.update_for(ams, before);
    EXPECT_FALSE(change.whole());
    EXPECT_EQ(change.nodes_size(), 1) << "only what is new";
    ASSERT_TRUE(apply_update(change, held));
    EXPECT_EQ(held.nodes.size(), 2U);
    EXPECT_EQ(held.secrets.at(fra), derive_link_secret(MasterSecret{1}, fra, ams));
    StaticData stranger;
    stranger.version = 99'999;
    ASSERT_TRUE(apply_update(desired.update_for(ams, stranger.version), stranger)) << "an unknown version gets all";
    EXPECT_EQ(stranger.nodes.size(), 2U);
}

// A store that was made anew comes to the same version with other content.
TEST_F(DesiredStateTest, ANodeThatHasAnotherStoresDataHasNone) {
    ASSERT_TRUE(store->set_document(kFleetIdentityDocument, "store: 0000000000000007\n", kNow));
    const NodeId ams = join("ams", 1);
    StaticData held;
    ASSERT_TRUE(apply_update(desired.update_for(ams, 0), held));
    EXPECT_EQ(held.store, 7U);
    EXPECT_EQ(desired.version_of(7, held.version), held.version);
    EXPECT_EQ(desired.version_of(8, held.version), 0U);
    EXPECT_EQ(desired.version_of(0, held.version), 0U) << "not known";
    const std::uint64_t before = held.version;
    held.store = 8;
    join("fra", 2);
    EXPECT_FALSE(apply_update(desired.update_for(ams, before), held)) << "it asks for everything";
    ASSERT_TRUE(apply_update(desired.update_for(ams, 0), held));
    EXPECT_EQ(held.nodes.size(), 2U);
}

TEST_F(DesiredStateTest, NewLinkSecretsAreAChangeOfThoseLinksAlone) {
    const NodeId ams = join("ams", 1);
    const NodeId fra = join("fra", 2);
    const NodeId sin = join("sin", 3);
    StaticData held;
    ASSERT_TRUE(apply_update(desired.update_for(ams, 0), held));
    const auto first = held.secrets;
    LinkGenerations links;
    links.begin({ams, fra, sin}, desired.roots().make_seed(links.following(), GenerationRandom{}));
    const auto write = [&] {
        ASSERT_TRUE(store->set_document(kLinkSecretsDocument, links.text(), kNow));
        ASSERT_TRUE(*desired.refresh(*store));
        const control::StaticUpdate update = desired.update_for(ams, held.version);
        ASSERT_EQ(update.nodes_size(), 0);
        ASSERT_TRUE(apply_update(update, held));
        StaticData anew;
        ASSERT_TRUE(apply_update(desired.update_for(ams, 0), anew));
        EXPECT_EQ(anew.secrets, held.secrets);
        EXPECT_EQ(anew.former_secrets, held.former_secrets);
    };
    write();
    const std::uint64_t begun = held.version;
    EXPECT_EQ(desired.links_version(), begun);
    EXPECT_EQ(held.former_secrets, first);
    EXPECT_NE(held.secrets.at(fra), first.at(fra));
    links.catch_up({ams, fra});
    write();
    EXPECT_EQ(held.former_secrets, (std::map<NodeId, LinkSecret>{{sin, first.at(sin)}}));
    EXPECT_EQ(desired.update_for(ams, begun).secrets_size(), 1) << "that of the link to fra";
    EXPECT_EQ(desired.links_version(), begun) << "who took that version has the newest";
    links.catch_up({sin});
    write();
    EXPECT_TRUE(held.former_secrets.empty());
}

TEST_F(DesiredStateTest, RoutingPolicyGoesToEveryNodeAndGoesAway) {
    const NodeId ams = join("ams", 1);
    StaticData held;
    ASSERT_TRUE(apply_update(desired.update_for(ams, 0), held));
    ASSERT_TRUE(store->set_document(kRoutingPolicyDocument, "policies: [{name: fast}]", kNow));
    ASSERT_TRUE(store->set_document("another.yaml", "a: b", kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    ASSERT_TRUE(apply_update(desired.update_for(ams, held.version), held));
    EXPECT_EQ(held.routing_policy, "policies: [{name: fast}]");
    ASSERT_TRUE(store->remove_document(kRoutingPolicyDocument, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    ASSERT_TRUE(apply_update(desired.update_for(ams, held.version), held));
    EXPECT_EQ(held.routing_policy, "");
}

TEST_F(DesiredStateTest, DrainedNodesServeOnlyWhileNobodyElseCan) {
    const NodeId ams = join("ams", 1);
    const NodeId fra = join("fra", 2);
    set_service({});
    EXPECT_EQ(egresses(), (std::vector{ams, fra})) << "without egresses, every node";
    ASSERT_TRUE(store->set_drained(fra, true, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    EXPECT_EQ(egresses(), std::vector{ams});
    ASSERT_TRUE(store->set_drained(ams, true, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    EXPECT_EQ(egresses(), (std::vector{ams, fra}));
}

TEST_F(DesiredStateTest, OfMoreNodesThanAServiceCanHaveEveryRegionServes) {
    for (std::uint8_t number = 1; number <= kMaxEgresses + 2; ++number) {
        join("eu" + std::to_string(number), number);
    }
    const NodeId nyc = join("nyc", 101, true, "us");
    const NodeId drained = join("sea", 102, true, "us");
    const NodeId sin = join("sin", 103, true, "asia");
    ASSERT_TRUE(store->set_drained(drained, true, kNow));
    set_service({});
    const auto serving = egresses();
    EXPECT_EQ(serving.size(), kMaxEgresses);
    EXPECT_EQ(std::ranges::count(serving, nyc), 1);
    EXPECT_EQ(std::ranges::count(serving, sin), 1);
    EXPECT_EQ(std::ranges::count(serving, drained), 0) << "it takes nobody's place";
}

TEST_F(DesiredStateTest, NodesThatNobodyEverSawServeNothing) {
    const NodeId ams = join("ams", 1, false);
    const NodeId fra = join("fra", 2, false);
    set_service({});
    EXPECT_TRUE(desired.is_member(ams)) << "its neighbours are told of it, or it could never come";
    EXPECT_TRUE(desired.services().empty());
    EXPECT_EQ(desired.service_records().size(), 1U);
    ASSERT_TRUE(store->mark_seen({&fra, 1}, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    EXPECT_EQ(egresses(), std::vector{fra});
    set_service({{ams, 1}, {fra, 1}});
    EXPECT_EQ(egresses(), std::vector{fra});
    ASSERT_TRUE(store->set_drained(fra, true, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    EXPECT_EQ(egresses(), std::vector{fra}) << "a drained one is better than one that may not be there";
}

TEST_F(DesiredStateTest, AServiceIsToldOnceForEachOfItsVips) {
    const NodeId ams = join("ams", 1);
    const NodeId fra = join("fra", 2);
    set_service({{fra, 1}}, {{.node = ams, .address = *IpAddress::parse("10.1.0.80")}});
    ASSERT_TRUE(store->set_domain("example.com", *IpAddress::parse("10.2.0.11"), "web", kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    const ServiceRecord& record = desired.service_records().begin()->second;
    ASSERT_EQ(desired.services().size(), 2U);
    const Service& there = desired.services().at(record.node_vips.at(0).id);
    EXPECT_EQ(desired.services().at(record.service.id).vip.text(), "10.99.0.80");
    EXPECT_EQ(there.vip.text(), "10.1.0.80");
    EXPECT_STREQ(there.name, "web") << "so it follows the same routing policy";
    EXPECT_EQ(there.egresses.at(0).node, fra);
    EXPECT_EQ(there.origins.at(0).address.text(), "10.2.0.11");
    StaticData held;
    ASSERT_TRUE(apply_update(desired.update_for(ams, 0), held));
    set_service({{fra, 1}});
    ASSERT_TRUE(apply_update(desired.update_for(ams, held.version), held));
    EXPECT_EQ(held.services.size(), 1U) << "a VIP that was taken away is gone with the next change";
    ASSERT_TRUE(store->revoke_node(fra, kNow));
    set_service({}, {{.node = ams, .address = *IpAddress::parse("10.1.0.80")}});
    ASSERT_TRUE(store->revoke_node(ams, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    EXPECT_TRUE(desired.services().empty()) << "who is not served is so at none of its VIPs";
}

TEST_F(DesiredStateTest, RevokedNodesAreGone) {
    const NodeId ams = join("ams", 1);
    const NodeId fra = join("fra", 2);
    set_service({{ams, 1}, {fra, 1}});
    ASSERT_TRUE(store->revoke_node(fra, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    EXPECT_FALSE(desired.is_member(fra));
    EXPECT_EQ(egresses(), std::vector{ams});
    EXPECT_EQ(desired.find("ams"), ams);
    EXPECT_EQ(desired.find(std::to_string(raw(ams))), ams);
    EXPECT_EQ(desired.find("fra"), kNoNode);
}

TEST_F(DesiredStateTest, NothingNewIsNothingToDo) {
    join("ams", 1);
    EXPECT_FALSE(*desired.refresh(*store));
}

}  // namespace
}  // namespace izar
