#include "ctrl/config/discovery_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace izar {
namespace {

constexpr const char* kFile = R"(adopt: 10s
nodes:
  - {name: ams-1, region: eu, address: 10.0.0.1, description: "rack \"4\""}
  - {name: tyo-1, region: asia, address: "2001:db8::1"}
domains:
  - {domain: WWW.Example.com, origin: 10.0.1.5}
)";

std::string problem_of(const std::string& text) {
    const auto config = parse_discovery_config(text, "node-discovery.yaml", {});
    return config ? "" : config.error().text;
}

TEST(DiscoveryConfig, IsAnInventory) {
    const auto config = parse_discovery_config(kFile, "node-discovery.yaml", {});
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->adopt, std::chrono::seconds{10});
    ASSERT_EQ(config->inventory.nodes.size(), 2U);
    EXPECT_EQ(config->inventory.nodes[0].description, "rack \"4\"");
    EXPECT_EQ(config->inventory.nodes[1].address.family(), Family::ipv6);
    ASSERT_EQ(config->inventory.domains.size(), 1U);
    EXPECT_EQ(config->inventory.domains[0].first, "www.example.com");
}

TEST(DiscoveryConfig, AVariableMayHoldTheNodes) {
    const std::vector<std::string> environment{"IZAR_DISCOVERY_NODES=[{name: par-1, region: eu, address: 10.0.0.9}]"};
    const auto config = parse_discovery_config(kFile, "node-discovery.yaml", environment);
    ASSERT_TRUE(config) << config.error().text;
    ASSERT_EQ(config->inventory.nodes.size(), 1U);
    EXPECT_EQ(config->inventory.nodes[0].name, "par-1");
    EXPECT_EQ(config->inventory.domains.size(), 1U) << "as the file says";
}

TEST(DiscoveryConfig, ADumpReadsBack) {
    auto config = parse_discovery_config(kFile, "node-discovery.yaml", {}).value();
    const std::string dump = config_text(discovery_keys(config));
    auto again = parse_discovery_config(dump, "dump.yaml", {});
    ASSERT_TRUE(again) << again.error().text << "\n" << dump;
    EXPECT_EQ(config_text(discovery_keys(*again)), dump);
}

TEST(DiscoveryConfig, ProblemsNameTheirPlace) {
    const std::pair<const char*, const char*> cases[] = {
        {"nodes: [{name: a, region: eu}]", "nodes[0] lacks the key 'address'; where its overlay packets go"},
        {"nodes: [{name: a, regoin: eu, address: 10.0.0.1}]", "did you mean 'region'?"},
        {"nodes: [{name: a, region: eu, address: 0.0.0.0}]", "no node's address"},
        {"nodes:\n  - {name: a, region: eu, address: 10.0.0.1}\n  - {name: b, region: eu, address: 10.0.0.1}",
         "node-discovery.yaml:3:5: nodes[1]: has the name or the address of node 'a'"},
        {"domains: [{domain: a..b, origin: 10.0.0.1}]", "is no domain"},
        {"adopt: 25h", "out of bounds"},
        {"node: []", "did you mean 'nodes'?"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_NE(problem_of(text).find(expected), std::string::npos) << text << "\n" << problem_of(text);
    }
}

// The page is generated; where it differs, the failure prints what it should hold.
TEST(DiscoveryConfig, TheReferencePageIsTheListOfKeys) {
    DiscoveryConfig defaults;
    const std::string rows = config_reference(discovery_keys(defaults), kDiscoveryPrefix);
    std::ifstream file(std::string(IZAR_SOURCE_ROOT) + "/docs/node-discovery.md");
    std::ostringstream page;
    page << file.rdbuf();
    EXPECT_NE(page.str().find(rows), std::string::npos) << rows;
    for (const ConfigItem& item : discovery_items()) {
        const std::string table = item_reference(item.item, item.keys);
        EXPECT_NE(page.str().find(table), std::string::npos) << table;
    }
}

}  // namespace
}  // namespace izar
