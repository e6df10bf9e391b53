// Over a real SQLite store.
#include "ctrl/controller/resolve.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "ctrl/store/token.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

const WallTime kNow{std::chrono::seconds{1'790'000'000}};

class ResolveTest : public testing::Test {
  protected:
    void SetUp() override {
        store = std::move(*open_sqlite_store(folder / "izar.db", StoreOptions{}));
        members = {join("ams", "eu", 1), join("fra", "eu", 2), join("nyc", "us", 3)};
        set_vips_at({});
        ASSERT_TRUE(store->set_domain("example.com", *IpAddress::parse("10.2.0.11"), "web", kNow));
        ASSERT_TRUE(*desired.refresh(*store));
        shares.set_members(members);
    }
    void set_vips_at(const std::vector<NodeVip>& vips) {
        Service service;
        std::strcpy(service.name, "web");
        service.vip = *IpAddress::parse("10.99.0.80");
        service.last_port = 65'535;
        service.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 1}};
        ASSERT_TRUE(store->set_service(service, vips, kNow));
        ASSERT_TRUE(*desired.refresh(*store));
    }
    // "ams=10.1.0.80" where the address is the node's own, "ams 10.99.0.80" where it is every node's.
    std::vector<std::string> addresses(const ResolveQuery& query) {
        std::vector<std::string> out;
        const auto resolved = resolve(desired, shares, query);
        EXPECT_TRUE(resolved) << resolved.error().text;
        for (const Ingress& ingress : resolved->ingresses) {
            out.push_back(ingress.name + (ingress.own_vip ? "=" : " ") + ingress.address.text());
        }
        return out;
    }
    RegionMember join(const std::string& name, const std::string& region, std::uint8_t number) {
        TokenRandom random{};
        random[0] = number;
        const std::string token = new_token(random);
        EXPECT_TRUE(store->create_token(token, TokenSpec{region, std::chrono::hours{1}, 1}, kNow));
        const auto address = *IpAddress::parse("10.0.0." + std::to_string(number));
        const NodeId node = store->join({token, name, address, Digest{number}}, kNow)->id;
        EXPECT_TRUE(store->mark_seen({&node, 1}, kNow));
        return {node, region, true, 10.0};
    }
    std::vector<std::string> names(const ResolveQuery& query) {
        std::vector<std::string> out;
        const auto resolved = resolve(desired, shares, query);
        EXPECT_TRUE(resolved) << resolved.error().text;
        for (const Ingress& ingress : resolved->ingresses) {
            out.push_back(ingress.name);
        }
        return out;
    }

    TemporaryFolder folder;
    std::unique_ptr<Store> store;
    DesiredState desired{MasterSecret{1}};
    RegionShares shares;
    std::vector<RegionMember> members;
};

TEST_F(ResolveTest, RegionsAreAnsweredByTheirOwnInOrderOfWeight) {
    shares.take("eu", GroupEpoch{1}, {{members[0].node, 400}, {members[1].node, 600}});
    EXPECT_EQ(names({"example.com", "eu", {}}), (std::vector<std::string>{"fra", "ams"}));
    EXPECT_EQ(names({"example.com", "us", {}}), std::vector<std::string>{"nyc"});
    EXPECT_EQ(names({"example.com", "", {}}).size(), 3U);
    EXPECT_EQ(names({"example.com", "asia", {}}).size(), 3U) << "somebody else's are better than none";
    const auto resolved = resolve(desired, shares, {"example.com", "us", {}});
    EXPECT_EQ(resolved->service.vip.text(), "10.99.0.80");
    EXPECT_EQ(resolved->ingresses[0].address.text(), "10.99.0.80") << "nobody serves at the node's own address";
}

TEST_F(ResolveTest, IngressesAreToldWithTheAddressAtWhichTheyServe) {
    shares.take("eu", GroupEpoch{1}, {{members[0].node, 400}, {members[1].node, 600}});
    const auto before = resolve(desired, shares, {"example.com", "", *IpAddress::parse("192.0.2.7")});
    const NodeVip at_ams{.node = members[0].node, .address = *IpAddress::parse("10.1.0.80")};
    set_vips_at({at_ams, {.node = members[2].node, .address = *IpAddress::parse("10.3.0.80")}});
    EXPECT_EQ(addresses({"example.com", "eu", {}}), (std::vector<std::string>{"fra 10.99.0.80", "ams=10.1.0.80"}));
    EXPECT_EQ(addresses({"example.com", "us", {}}), std::vector<std::string>{"nyc=10.3.0.80"});
    const auto after = resolve(desired, shares, {"example.com", "", *IpAddress::parse("192.0.2.7")});
    EXPECT_EQ(after->service.vip.text(), "10.99.0.80");
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(after->ingresses[i].node, before->ingresses[i].node) << "order and weights are as they were";
        EXPECT_EQ(after->ingresses[i].weight, before->ingresses[i].weight);
    }
    set_vips_at({at_ams});
    EXPECT_EQ(addresses({"example.com", "us", {}}), std::vector<std::string>{"nyc 10.99.0.80"});
}

TEST_F(ResolveTest, ANodeThatIsOutOfUseTakesItsVipOutOfUse) {
    set_vips_at({{.node = members[0].node, .address = *IpAddress::parse("10.1.0.80")}});
    members[0].usable = false;  // withdrawn, or drained
    shares.set_members(members);
    EXPECT_EQ(addresses({"example.com", "eu", {}}), std::vector<std::string>{"fra 10.99.0.80"});
    ASSERT_TRUE(store->revoke_node(members[0].node, kNow));
    ASSERT_TRUE(*desired.refresh(*store));
    shares.set_members({members[1], members[2]});
    EXPECT_EQ(addresses({"example.com", "eu", {}}), std::vector<std::string>{"fra 10.99.0.80"});
    EXPECT_EQ(desired.services().size(), 2U) << "clients that have it are served, wherever their packets arrive";
}

TEST_F(ResolveTest, ClientsSpreadAsTheWeightsSayAndStay) {
    shares.take("eu", GroupEpoch{1}, {{members[0].node, 300}, {members[1].node, 700}});
    int first = 0;
    for (int i = 0; i < 4'000; ++i) {
        const auto client = IpAddress::parse("192.0." + std::to_string(i / 200) + "." + std::to_string(i % 200));
        const auto order = names({"example.com", "eu", *client});
        ASSERT_EQ(order, names({"example.com", "eu", *client}));
        first += order[0] == "ams" ? 1 : 0;
    }
    EXPECT_NEAR(first / 4'000.0, 0.3, 0.03);
}

// A region of one node gets no more of them for it than a node of a region of two.
TEST_F(ResolveTest, ClientsSpreadOverAllRegionsByTheWeightsThatEgressesHave) {
    shares.take("eu", GroupEpoch{1}, {{members[0].node, 250}, {members[1].node, 750}});
    const std::map<std::string, double> expected{{"ams", 1 / 6.0}, {"fra", 3 / 6.0}, {"nyc", 2 / 6.0}};
    const auto resolved = resolve(desired, shares, {"example.com", "", {}});
    ASSERT_TRUE(resolved);
    for (const Ingress& ingress : resolved->ingresses) {
        EXPECT_NEAR(ingress.weight / 1'000.0, expected.at(ingress.name), 0.002) << ingress.name;
        EXPECT_NEAR(shares.percent_of_equal(ingress.node) / 300, expected.at(ingress.name), 0.002) << ingress.name;
    }
    EXPECT_EQ(names({"example.com", "", {}}), (std::vector<std::string>{"fra", "nyc", "ams"}));
    EXPECT_EQ(names({"example.com", "asia", {}}), (std::vector<std::string>{"fra", "nyc", "ams"}));
    std::map<std::string, int> first;
    for (int i = 0; i < 6'000; ++i) {
        const auto client = IpAddress::parse("192.0." + std::to_string(i / 200) + "." + std::to_string(i % 200));
        ++first[names({"example.com", "", *client})[0]];
    }
    for (const auto& [name, part] : expected) {
        EXPECT_NEAR(first[name] / 6'000.0, part, 0.03) << name;
    }
}

TEST_F(ResolveTest, SaysWhatIsMissing) {
    EXPECT_FALSE(resolve(desired, shares, {"nowhere.example", "", {}}));
    EXPECT_FALSE(resolve(desired, RegionShares{}, {"example.com", "", {}}));
    for (RegionMember& member : members) {
        member.usable = false;
    }
    shares.set_members(members);
    EXPECT_FALSE(resolve(desired, shares, {"example.com", "eu", {}}));
}

}  // namespace
}  // namespace izar
