#include "dataplane/config/edge_config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "dataplane/config/edge_config_example.h"
#include "dataplane/config/edge_config_text.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void expect_full(const EdgeConfig& c) {
    EXPECT_EQ(c.name, "ams");
    EXPECT_EQ(c.id, NodeId{1});
    EXPECT_EQ(c.idle, IdleMode::spin);
    EXPECT_EQ(c.lcores, 2);
    EXPECT_EQ(c.control_socket, "/run/izar/ams/control.sock");
    EXPECT_EQ(c.memory.flows, 65536U);
    EXPECT_EQ(c.memory.flows_ipv6, 32768U);
    EXPECT_EQ(c.memory.packet_buffers, 8192U);
    ASSERT_EQ(c.ports.size(), 2U);
    EXPECT_EQ(c.ports[0].device, "net_af_packet,iface=wan0");
    EXPECT_EQ(c.ports[0].mtu, 1450);
    EXPECT_EQ(c.ports[1].mtu, 1500);
    ASSERT_EQ(c.ports[0].addresses.size(), 2U);
    EXPECT_EQ(c.ports[0].addresses[1].text(), "fd77::1/64");
    ASSERT_EQ(c.ports[0].gateways.size(), 1U);
    EXPECT_EQ(c.ports[0].gateways[0].text(), "10.77.0.254");
    EXPECT_EQ(c.ports[0].exception_tap, "izarwan");
    EXPECT_EQ(c.overlay_port, "wan");
    ASSERT_EQ(c.egress_addresses.size(), 2U);
    EXPECT_EQ(c.egress_addresses[0].text(), "10.1.0.2");
    EXPECT_EQ(c.links.interval, milliseconds{20});
    EXPECT_EQ(c.links.multiplier, 4);
    EXPECT_EQ(c.links.capacity, BitRate{500'000'000});
    EXPECT_EQ(c.hysteresis.absolute, std::chrono::microseconds{2500});
    EXPECT_DOUBLE_EQ(c.hysteresis.relative, 0.25);
    ASSERT_EQ(c.stamp_peers.size(), 2U);
    EXPECT_EQ(c.stamp_peers[1].text(), "fd77::2");
    EXPECT_TRUE(c.stamp_nodes);
    ASSERT_EQ(c.probes.size(), 2U);
    EXPECT_EQ(c.probes[0].peer.text(), "10.77.0.9");
    EXPECT_EQ(c.probes[0].port, 8620);
    EXPECT_EQ(c.probes[0].interval, milliseconds{250});
    EXPECT_EQ(c.probes[0].count, 100U);
    EXPECT_EQ(c.probes[1].peer.text(), "fd77::9");
    EXPECT_EQ(c.probes[1].port, kStampPort);
    EXPECT_EQ(c.probes[1].interval, std::chrono::seconds{1});
    EXPECT_EQ(c.probes[1].count, 0U);
    ASSERT_EQ(c.nodes.size(), 2U);
    EXPECT_EQ(c.nodes[1].id, NodeId{2});
    EXPECT_STREQ(c.nodes[1].name, "par");
    EXPECT_STREQ(c.nodes[1].region, "eu-west");
    EXPECT_EQ(c.nodes[1].overlay_address.text(), "10.77.0.2");
    ASSERT_EQ(c.services.size(), 3U);
}

TEST(EdgeConfig, NamesAPolicyFile) {
    const auto config = parse_edge_config(kFullEdgeYaml, "edge.yaml");
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_EQ(config->policy_file, "/etc/izar/routing-policy.yaml");
    const auto again = parse_edge_config(edge_config_text(*config), "written.yaml");
    ASSERT_TRUE(again.has_value()) << again.error().text;
    EXPECT_EQ(again->policy_file, config->policy_file);
}

void expect_services(const EdgeConfig& c) {
    const Service& web = c.services[0];
    EXPECT_EQ(web.id, ServiceId{100});
    EXPECT_STREQ(web.name, "web");
    EXPECT_EQ(web.vip.text(), "10.99.0.80");
    EXPECT_EQ(web.transport, Transport::tcp);
    EXPECT_EQ(web.first_port, 80);
    EXPECT_EQ(web.last_port, 80);
    ASSERT_EQ(web.egresses.size(), 2U);
    EXPECT_EQ(web.egresses[0].node, NodeId{2});
    EXPECT_EQ(web.egresses[0].weight, 1U);
    EXPECT_EQ(web.egresses[1].node, NodeId{1});
    EXPECT_EQ(web.egresses[1].weight, 2U);
    ASSERT_EQ(web.origins.size(), 2U);
    EXPECT_EQ(web.origins[0].port, 8080);
    EXPECT_EQ(web.origins[0].weight, 3U);
    EXPECT_EQ(web.origins[1].port, 0);
    EXPECT_EQ(web.timeouts.tcp_opening, seconds{5});
    EXPECT_EQ(web.timeouts.tcp_established, seconds{1200});
    EXPECT_EQ(web.timeouts.tcp_closing, seconds{40});
    EXPECT_EQ(web.timeouts.udp, seconds{50});
    EXPECT_EQ(web.timeouts.icmp, seconds{6});
    EXPECT_FALSE(web.duplicate);
    EXPECT_TRUE(c.services[2].duplicate);
    EXPECT_EQ(c.services[1].transport, Transport::udp);
    EXPECT_EQ(c.services[1].first_port, 8000);
    EXPECT_EQ(c.services[1].last_port, 8099);
    EXPECT_EQ(c.services[2].transport, Transport::icmp);
}

TEST(EdgeConfig, ReadsEveryKey) {
    const auto config = parse_edge_config(kFullEdgeYaml, "edge.yaml");
    ASSERT_TRUE(config) << config.error().text;
    expect_full(*config);
    expect_services(*config);
}

TEST(EdgeConfig, WrittenOutItReadsBackAsTheSame) {
    const auto config = parse_edge_config(kFullEdgeYaml, "edge.yaml");
    ASSERT_TRUE(config) << config.error().text;
    const std::string text = edge_config_text(*config);
    const auto again = parse_edge_config(text, "written.yaml");
    ASSERT_TRUE(again) << again.error().text << "\n" << text;
    expect_full(*again);
    expect_services(*again);
    EXPECT_EQ(edge_config_text(*again), text);
}

TEST(EdgeConfig, LoadsAFileAndNamesItInErrors) {
    const std::string path = testing::TempDir() + "izar_edge_config_test.yaml";
    std::ofstream(path) << kFullEdgeYaml;
    EXPECT_TRUE(load_edge_config(path));
    std::ofstream(path) << "node: [\n";
    const auto broken = load_edge_config(path);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().text.find(path + ":"), 0U) << broken.error().text;
    std::remove(path.c_str());
    const auto missing = load_edge_config(path);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text.find("No such file"), std::string::npos) << missing.error().text;
}

TEST(EdgeConfig, DefaultsFillWhatIsLeftOut) {
    const auto config = parse_edge_config(R"(node: {id: 7, name: solo}
security: none
ports:
  - {name: wan, device: net_null0, addresses: [192.0.2.1/24, "2001:db8::1/64"]}
  - {name: lan, device: net_null1, addresses: [10.0.0.1/8, 10.0.0.2/8, "fd00::1/64"]}
overlay: {port: wan}
nodes: [{id: 7, name: solo}, {id: 8, name: peer, address: "2001:db8::2"}]
)",
                                          "edge.yaml");
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->security, SecurityMode::none);
    EXPECT_EQ(config->secrets_file, "");
    EXPECT_EQ(config->idle, IdleMode::sleep);
    EXPECT_EQ(config->lcores, 1);
    EXPECT_EQ(config->control_socket, "/run/izar/solo/edge.sock");
    EXPECT_EQ(config->memory.flows, 262'144U);
    EXPECT_EQ(config->links.interval, milliseconds{10});
    EXPECT_EQ(config->links.multiplier, 3);
    EXPECT_EQ(config->links.capacity, kNoRate);
    EXPECT_EQ(config->hysteresis.absolute, milliseconds{5});
    // The own address is the overlay port's first of the peers' family, the egress addresses the other ports' first.
    EXPECT_EQ(config->nodes[0].overlay_address.text(), "2001:db8::1");
    ASSERT_EQ(config->egress_addresses.size(), 2U);
    EXPECT_EQ(config->egress_addresses[0].text(), "10.0.0.1");
    EXPECT_EQ(config->egress_addresses[1].text(), "fd00::1");
    EXPECT_TRUE(config->services.empty());
}

TEST(EdgeConfigText, NamesTheKeysThatDiffer) {
    EdgeConfig before;
    EdgeConfig after;
    EXPECT_TRUE(changed_edge_keys(before, after).empty());
    after.lcores = before.lcores + 1;
    after.links.multiplier = before.links.multiplier + 1;
    after.secrets_file = "/etc/izar/secrets";
    EXPECT_EQ(changed_edge_keys(before, after),
              (std::vector<std::string>{"secrets.file", "lcores", "links.multiplier"}));
    EXPECT_EQ(changed_edge_keys(after, before), changed_edge_keys(before, after));
}

}  // namespace
}  // namespace izar
