#include "tools/controller/inventory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "ctrl/controller/desired_state.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "sched/policy_file.h"

namespace izar {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};

class InventoryFiles : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void open() {
        store_.reset();
        auto store = open_sqlite_store(folder_ / "izar.db", {});
        ASSERT_TRUE(store) << store.error().text;
        store_ = std::move(*store);
    }
    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    std::size_t domains() { return store_->domains().value().size(); }

    TemporaryFolder folder_;
    std::unique_ptr<Store> store_;
};

TEST_F(InventoryFiles, APolicyIsReadWholeBeforeItIsTheFleets) {
    const std::string bad = write("bad.yaml", "policies:\n  - {name: eu, rule: rrt}\n");
    const auto told = read_policy_file(bad, {});
    ASSERT_FALSE(told);
    EXPECT_NE(told.error().text.find("bad.yaml:2:"), std::string::npos) << told.error().text;
    const std::string text = "policies: [{name: eu, forbidden: {regions: [us]}}]\n";
    const auto read = read_policy_file(write("routing-policy.yaml", text), {});
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_TRUE(store_->take_files(operator_files({}, *read), kNow));
    const auto documents = store_->documents();
    ASSERT_EQ(documents.value().size(), 1U);
    EXPECT_EQ(documents.value()[0].name, kRoutingPolicyDocument);
    EXPECT_EQ(documents.value()[0].body, text);
}

TEST_F(InventoryFiles, APolicyIsHandedOutAsItStandsOrWithTheVariablesInIt) {
    const std::string text = "# of the fleet\npolicies: [{name: eu, forbidden: {regions: [us]}}]\n";
    const std::string file = write("routing-policy.yaml", text);
    const std::vector<std::string> others{"HOME=/", "IZAR_CONTROLLER_LISTEN=0.0.0.0:1"};
    EXPECT_EQ(read_policy_file(file, others).value(), text);
    const std::vector<std::string> environment{"IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT=70"};
    const auto read = read_policy_file(file, environment);
    ASSERT_TRUE(read) << read.error().text;
    auto expected = parse_routing_policy(text, file).value();
    expected.last_mile.target_cpu = 70;
    EXPECT_EQ(parse_routing_policy(*read, "as a node reads it").value(), expected);
    const auto slip = read_policy_file(file, std::vector<std::string>{"IZAR_POLICY_POLICYS=[]"});
    ASSERT_FALSE(slip);
    EXPECT_NE(slip.error().text.find("did you mean IZAR_POLICY_POLICIES?"), std::string::npos) << slip.error().text;
}

TEST_F(InventoryFiles, AVariableOfThePolicyNeedsAFile) {
    EXPECT_EQ(read_policy_file("", {}).value(), "");
    const auto told = read_policy_file("", std::vector<std::string>{"IZAR_POLICY_POLICIES=[{name: a}]"});
    ASSERT_FALSE(told);
    EXPECT_NE(told.error().text.find("IZAR_POLICY_POLICIES stands in place of"), std::string::npos)
        << told.error().text;
}

TEST_F(InventoryFiles, APolicyThatIsTooLongToHandOutIsRefused) {
    const std::string text = "policies: [{name: a, services: [";
    std::string names;
    for (int i = 0; i < 4'000; ++i) {
        names += "services" + std::to_string(10'000 + i) + ",";
    }
    const std::string file = write("routing-policy.yaml", text + names + "z]}]\n");
    ASSERT_TRUE(read_policy_file(file, {})) << "as it stands it is short enough";
    const auto told = read_policy_file(file, std::vector<std::string>{"IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT=70"});
    ASSERT_FALSE(told);
    EXPECT_NE(told.error().text.find("with the variables of the environment it has more than 65536 bytes"),
              std::string::npos)
        << told.error().text;
    const auto comments =
        read_policy_file(write("long.yaml", "policies: [{name: a}]\n" + std::string(70'000, '#')), {});
    ASSERT_FALSE(comments);
    EXPECT_NE(comments.error().text.find("leave comments out"), std::string::npos) << comments.error().text;
}

TEST_F(InventoryFiles, AnSqlFileIsImportedWhoeverLeadsAndSaysHowMuch) {
    ASSERT_TRUE(store_->claim(Fence{5}));
    open();
    const std::string file = write("init_nodes.sql",
                                   "INSERT INTO node_region (ip, region) VALUES ('10.0.0.1','eu'),('10.0.0.2','us');\n"
                                   "INSERT INTO domain_origin (domain, origin_ip) VALUES ('a.example','10.0.1.5');\n");
    const auto told = import_sql_file(*store_, file, kNow);
    ASSERT_TRUE(told) << told.error().text;
    EXPECT_NE(told->find("2 nodes, 1 domains"), std::string::npos) << *told;
    EXPECT_EQ(domains(), 1u);
    EXPECT_TRUE(import_sql_file(*store_, file, kNow)) << "once more changes nothing";
    EXPECT_EQ(domains(), 1u);
}

TEST_F(InventoryFiles, DomainsThatAnSqlFileLeadsNowhereAreNamed) {
    const std::string file = write("init_nodes.sql",
                                   "INSERT INTO domain_origin (domain, origin_ip) VALUES ('a.example','10.0.1.5'),"
                                   " ('b.example','10.0.1.6');\n");
    Service service;
    std::strcpy(service.name, "b.example");
    service.vip = *IpAddress::parse("10.99.0.80");
    service.last_port = 65'535;
    service.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 1}};
    ASSERT_TRUE(store_->set_service(service, kNow));
    const auto told = import_sql_file(*store_, file, kNow);
    ASSERT_TRUE(told) << told.error().text;
    EXPECT_NE(told->find("1 domain without a service, which leads nowhere: a.example;"), std::string::npos) << *told;
}

TEST_F(InventoryFiles, AFaultNamesItsPlaceAndNothingIsImported) {
    const std::string file = write("bad.sql",
                                   "INSERT INTO domain_origin (domain, origin_ip) VALUES ('a.example','10.0.1.5');\n"
                                   "DELETE FROM node_region;\n");
    const auto told = import_sql_file(*store_, file, kNow);
    ASSERT_FALSE(told);
    EXPECT_NE(told.error().text.find("bad.sql:2:1"), std::string::npos) << told.error().text;
    EXPECT_EQ(domains(), 0u);
    EXPECT_FALSE(import_sql_file(*store_, folder_ / "none.sql", kNow));
}

TEST_F(InventoryFiles, ADiscoveryFileDeclaresNodesAndDomains) {
    const std::string file = write("node-discovery.yaml",
                                   "adopt: 7s\n"
                                   "nodes:\n  - {name: ams-1, region: eu, address: 10.0.0.1}\n"
                                   "domains:\n  - {domain: www.example.com, origin: 10.0.1.5}\n");
    const auto config = read_discovery_file(file, {});
    ASSERT_TRUE(config) << config.error().text;
    ASSERT_TRUE(store_->take_files(operator_files(*config, ""), kNow));
    EXPECT_TRUE(store_->documents().value().empty());
    EXPECT_EQ(config->adopt, std::chrono::seconds{7});
    EXPECT_EQ(domains(), 1u);
    const std::string bad = write("bad.yaml", "nodse: []\n");
    const auto refused = read_discovery_file(bad, {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("bad.yaml:1"), std::string::npos) << refused.error().text;
}

}  // namespace
}  // namespace izar
