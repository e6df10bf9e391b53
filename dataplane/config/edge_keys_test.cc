// edge.yaml as a list of keys: variables, and the reference page.
#include "dataplane/config/edge_keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "dataplane/config/edge_config_example.h"
#include "dataplane/config/edge_config_text.h"

namespace izar {
namespace {

std::string error_of(const std::string& text, const std::vector<std::string>& environment) {
    const auto config = parse_edge_config(text, "edge.yaml", environment);
    return config ? "" : config.error().text;
}

TEST(EdgeKeys, AVariableReplacesItsKey) {
    const std::vector<std::string> environment{"HOME=/nowhere", "IZAR_EDGE_LCORES=3", "IZAR_EDGE_LINKS_INTERVAL=40ms",
                                               "IZAR_EDGE_SECRETS_FILE=/run/secrets",
                                               "IZAR_EDGE_EGRESS_ADDRESSES=10.1.0.1,fd01::1"};
    const auto config = parse_edge_config(kFullEdgeYaml, "edge.yaml", environment);
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->lcores, 3);
    EXPECT_EQ(config->links.interval, std::chrono::milliseconds{40});
    EXPECT_EQ(config->links.multiplier, 4) << "as the file says";
    EXPECT_EQ(config->secrets_file, "/run/secrets");
    ASSERT_EQ(config->egress_addresses.size(), 2U);
    EXPECT_EQ(config->egress_addresses[0].text(), "10.1.0.1");
}

// Every key of the whole example, given by variables alone, is the whole example.
TEST(EdgeKeys, AllKeysCanBeGivenByVariables) {
    auto config = parse_edge_config(kFullEdgeYaml, "edge.yaml").value();
    std::vector<std::string> environment;
    const std::map<std::string, std::string> lists{
        {"ports",
         "[{name: wan, device: 'net_af_packet,iface=wan0', mtu: 1450, addresses: [10.77.0.1/24, 'fd77::1/64'], "
         "gateways: "
         "[10.77.0.254], exception_tap: izarwan}, {name: lan, device: 'net_af_packet,iface=lan0', addresses: "
         "[10.1.0.1/24, 10.1.0.2/24, 'fd01::1/64']}]"},
        {"probes", "[{peer: 10.77.0.9, port: 8620, interval: 250ms, count: 100}, {peer: 'fd77::9'}]"},
        {"nodes",
         "[{id: 1, name: ams, region: eu-west, address: 10.77.0.1}, {id: 2, name: par, region: eu-west, address: "
         "10.77.0.2}]"},
        {"services",
         "[{id: 102, name: echo, vip: 10.99.0.80, protocol: icmp, egress: [par], origins: [{address: 10.2.0.10}]}]"},
        {"egress_addresses", "10.1.0.2,fd01::1"},
        {"stamp.peers", "10.77.0.2,fd77::2"},
    };
    for (const ConfigKey& key : edge_keys(config)) {
        const auto list = lists.find(key.path);
        std::string value = list != lists.end() ? list->second : key.show();
        std::erase(value, '"');  // a variable has no quotes
        environment.push_back(variable_name(key.path, kEdgePrefix) + "=" + value);
    }
    const auto given = parse_edge_config("", "edge.yaml", environment);
    ASSERT_TRUE(given) << given.error().text;
    config.services.erase(config.services.begin(), config.services.begin() + 2);
    config.services.front().duplicate = false;
    config.services.front().timeouts = FlowTimeouts{};
    EXPECT_EQ(edge_config_text(*given), edge_config_text(config));
}

TEST(EdgeKeys, MistakesInVariablesNameTheVariable) {
    EXPECT_EQ(error_of(kFullEdgeYaml, {"IZAR_EDGE_LCORES=17"}),
              "environment: IZAR_EDGE_LCORES: '17' is not a whole number from 1 to 16");
    EXPECT_EQ(error_of(kFullEdgeYaml, {"IZAR_EDGE_LCORS=2"}),
              "environment: IZAR_EDGE_LCORS sets no key; did you mean IZAR_EDGE_LCORES?");
    EXPECT_EQ(error_of(kFullEdgeYaml, {"IZAR_EDGE_PROBES=[{peer: 10.0.0.1, port: 0}]"}),
              "environment:1:25: IZAR_EDGE_PROBES[0].port: '0' is not a whole number from 1 to 65535");
    EXPECT_NE(error_of(kFullEdgeYaml, {"IZAR_EDGE_PROBES=[{peer: ]"}).find("environment: IZAR_EDGE_PROBES:1:"),
              std::string::npos);
    EXPECT_EQ(error_of(kFullEdgeYaml, {"IZAR_EDGE_OVERLAY_PORT=wam"}),
              "environment: IZAR_EDGE_OVERLAY_PORT: 'wam' is no port of this file; did you mean 'wan'?");
}

TEST(EdgeKeys, AVariableStandsForAKeyThatIsRequired) {
    const std::string without = std::string(kFullEdgeYaml).substr(std::string_view(kFullEdgeYaml).find('\n') + 1);
    EXPECT_NE(error_of(without, {}), "");
    EXPECT_EQ(error_of(without, {"IZAR_EDGE_NODE_ID=1", "IZAR_EDGE_NODE_NAME=ams"}), "");
}

TEST(EdgeKeys, NoTwoHaveOneVariable) {
    EdgeConfig config;
    std::set<std::string> names;
    for (const ConfigKey& key : edge_keys(config)) {
        EXPECT_TRUE(names.insert(variable_name(key.path, kEdgePrefix)).second) << key.path;
    }
}

// The page is generated; where it differs, the failure prints what it should hold.
TEST(EdgeKeys, TheReferencePageIsTheListOfKeys) {
    std::ifstream file(std::string(IZAR_SOURCE_ROOT) + "/docs/edge-config.md");
    std::ostringstream page;
    page << file.rdbuf();
    EdgeConfig defaults;
    const std::string rows = config_reference(edge_keys(defaults), kEdgePrefix);
    EXPECT_NE(page.str().find(rows), std::string::npos) << rows;
    for (const ConfigItem& item : edge_items()) {
        const std::string table = item_reference(item.item, item.keys);
        EXPECT_NE(page.str().find(table), std::string::npos) << table;
    }
}

}  // namespace
}  // namespace izar
