// Every key of edge.yaml wrong once: the error must name the place and say what to do, and nothing else
// may be reported beside it but what follows from the mistake.
#include <gtest/gtest.h>

#include <string>

#include "dataplane/config/edge_config.h"
#include "dataplane/config/edge_config_example.h"

namespace izar {
namespace {

std::string replaced(const std::string& from, const std::string& to) {
    std::string text = kFullEdgeYaml;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
    const auto config = parse_edge_config(text, "edge.yaml");
    return config ? "" : config.error().text;
}

// Each case: one mistake in the full file, and the exact one line that it must give.
struct Mistake {
    const char* from;
    const char* to;
    const char* error;
};

class EdgeConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EdgeConfigMistake, GivesPlaceAndAdvice) {
    EXPECT_EQ(error_of(replaced(GetParam().from, GetParam().to)), GetParam().error);
}

const Mistake kNodeMistakes[] = {
    {"node: {id: 1, name: ams}\n", "",
     "edge.yaml:1:1: the file lacks the key 'node'; say which of the nodes this is: node: {id: 1, name: ams}"},
    {"{id: 1, name: ams}", "{id: 0, name: ams}", "edge.yaml:1:12: node.id: '0' is not a whole number from 1 to 65535"},
    {"{id: 1, name: ams}", "{name: ams}",
     "edge.yaml:1:7: node lacks the key 'id'; say which of the nodes this is: node: {id: 1, name: ams}"},
    {"{id: 1, name: ams}", "{id: 1, name: a/b}",
     "edge.yaml:1:21: node.name: 'a/b' is not a name; use 1 to 31 letters, digits, '.', '_' or '-', a letter or digit "
     "first"},
    {"{id: 1, name: ams}", "{id: 1, name: lon}",
     "edge.yaml:1:21: node.name: 'lon' is not in 'nodes'; add this node to that list"},
    {"{id: 1, name: ams}", "{id: 3, name: ams}",
     "edge.yaml:1:21: node.name: 'ams' has id 3 here and id 1 in 'nodes'; make them equal"},
    {"{id: 1, name: ams}", "{id: 1, name: ams, id: 1}", "edge.yaml:1:26: key 'id' stands twice in node; keep one"},
    {"security: aes-gcm", "security: off", "edge.yaml:2:11: security: 'off' is not one of: none, aes-gcm"},
    {"secrets: {file: /etc/izar/secrets}\n", "",
     "edge.yaml:1:1: the file lacks the key 'secrets'; name the file of link secrets: secrets: {file: "
     "/etc/izar/secrets}; or write 'security: none', and overlay packets travel unencrypted"},
    {"secrets: {file: /etc/izar/secrets}", "secrets: {flie: /etc/izar/secrets}",
     "edge.yaml:49:10: secrets lacks the key 'file'; name the file of link secrets: secrets: {file: "
     "/etc/izar/secrets}; or write 'security: none', and overlay packets travel unencrypted\n"
     "edge.yaml:49:11: unknown key 'flie' in secrets; did you mean 'file'?"},
    {"secrets: {file: /etc/izar/secrets}", "secrets: {file: secrets}",
     "edge.yaml:49:17: secrets.file: 'secrets' is not an absolute path; begin it with '/'"},
    {"idle: spin", "idle: sleepy", "edge.yaml:3:7: idle: 'sleepy' is not one of: spin, sleep"},
    {"lcores: 2", "lcores: 17", "edge.yaml:4:9: lcores: '17' is not a whole number from 1 to 16"},
    {"lcores: 2", "lcores: two", "edge.yaml:4:9: lcores: 'two' is not a whole number from 1 to 16"},
    {"lcores: 2",
     "lcores:", "edge.yaml:4:1: lcores: is empty; give it a whole number, or leave the key out if it has a default"},
    {"lcores: 2", "lcroes: 2", "edge.yaml:4:1: unknown key 'lcroes' in the file; did you mean 'lcores'?"},
    {"/run/izar/ams/control.sock", "edge.sock",
     "edge.yaml:5:17: control_socket: 'edge.sock' is not an absolute path; begin it with '/'"},
    {"flows: 65536", "flows: 10", "edge.yaml:6:17: memory.flows: '10' is not a whole number from 1024 to 16777216"},
    {"flows_ipv6: 32768", "flows_ipv6: -1",
     "edge.yaml:6:36: memory.flows_ipv6: '-1' is not a whole number from 1024 to 16777216"},
    {"packet_buffers: 8192", "packet_buffers: 1",
     "edge.yaml:6:59: memory.packet_buffers: '1' is not a whole number from 2048 to 4194304"},
    {"packet_buffers: 8192", "buffers: 8192",
     "edge.yaml:6:43: unknown key 'buffers' in memory; known are flows, flows_ipv6, packet_buffers"},
};
INSTANTIATE_TEST_SUITE_P(Node, EdgeConfigMistake, testing::ValuesIn(kNodeMistakes));

const Mistake kPortMistakes[] = {
    {"name: wan", "nmae: wan",
     "edge.yaml:8:5: unknown key 'nmae' in ports[0]; did you mean 'name'?\nedge.yaml:8:5: ports[0] lacks the key "
     "'name'"},
    {"name: lan", "name: wan",
     "edge.yaml:14:11: ports[1].name: 'wan' is used by ports[0].name already; choose another"},
    {"    device: \"net_af_packet,iface=wan0\"\n", "",
     "edge.yaml:8:5: ports[0] lacks the key 'device'; name a DPDK device, like \"net_af_packet,iface=eth1\""},
    {"iface=lan0", "iface=wan0",
     "edge.yaml:15:13: ports[1].device: 'net_af_packet,iface=wan0' is used by ports[0].device already; choose another"},
    {"mtu: 1450", "mtu: 99999", "edge.yaml:10:10: ports[0].mtu: '99999' is not a whole number from 1280 to 9000"},
    {"mtu: 1450", "mtu: 1300",
     "edge.yaml:17:17: overlay.port: 'wan' has mtu 1300; an overlay port needs at least 1388, so that IPv6 packets of "
     "1280 bytes fit into the overlay"},
    {"addresses: [10.77.0.1/24", "adress: [10.77.0.1/24",
     "edge.yaml:8:5: ports[0] lacks the key 'addresses'; give this node's own addresses on the port\nedge.yaml:11:5: "
     "unknown key 'adress' in ports[0]; did you mean 'addresses'?"},
    {"10.77.0.1/24,", "10.77.0.1,",
     "edge.yaml:11:17: ports[0].addresses[0]: '10.77.0.1' has no prefix length; write it like 10.0.0.1/24"},
    {"[10.77.0.1/24,", "[10.77.0.0/24, 10.77.0.1/24,",
     "edge.yaml:11:17: ports[0].addresses[0]: '10.77.0.0/24' is not an address a host can have; give this node's own "
     "address in that network, with its prefix length"},
    {"10.1.0.2/24", "10.77.0.1/24",
     "edge.yaml:16:16: ports[1].addresses: '10.77.0.1' is used by ports[0].addresses already; choose another"},
    {"[10.77.0.254]", "[10.78.0.254]",
     "edge.yaml:12:16: ports[0].gateways[0]: '10.78.0.254' is in no network of this port's addresses; give a neighbour "
     "on the link"},
    {"[10.77.0.254]", "[10.77.0.1]",
     "edge.yaml:12:16: ports[0].gateways[0]: '10.77.0.1' is this port's own address; give the router's"},
    {"[10.77.0.254]", "[10.77.0.254, 10.77.0.253]",
     "edge.yaml:12:29: ports[0].gateways[1]: is a second IPv4 gateway; give at most one a family"},
    {"[10.77.0.254]", "10.77.0.254",
     "edge.yaml:12:15: ports[0].gateways: must be a list, not a single value; write [a, b] or lines that begin with '- "
     "'"},
    {"izarwan", "izar/wan",
     "edge.yaml:13:20: ports[0].exception_tap: is not a kernel interface name; leave out '/', ':' and blanks"},
    {"izarwan", "a-much-too-long-name", "edge.yaml:13:20: ports[0].exception_tap: must be 1 to 15 characters long"},
    {"overlay: {port: wan}\n", "",
     "edge.yaml:1:1: the file lacks the key 'overlay'; name the port that carries overlay packets: overlay: {port: "
     "wan}"},
    {"overlay: {port: wan}", "overlay: {port: wam}",
     "edge.yaml:17:17: overlay.port: 'wam' is no port of this file; did you mean 'wan'?"},
    {"[10.1.0.2, \"fd01::1\"]", "[10.1.0.9, \"fd01::1\"]",
     "edge.yaml:18:20: egress_addresses[0]: '10.1.0.9' is no address of a port; add it to the addresses of the port "
     "towards the origins"},
    {"[10.1.0.2, \"fd01::1\"]", "[10.1.0.2, 10.1.0.2]",
     "edge.yaml:18:30: egress_addresses[1]: '10.1.0.2' stands there already; keep one"},
    {"[10.1.0.2, \"fd01::1\"]", "[\"fd01::1\"]",
     "edge.yaml:30:13: services[0].egress: names this node, which has no IPv4 egress address; add one to "
     "'egress_addresses'"},
    {"interval: 20ms", "interval: 20",
     "edge.yaml:19:19: links.interval: '20' is not a duration; write a number and a unit, like 10ms, 1.5s or 15m"},
    {"interval: 20ms", "interval: 100us",
     "edge.yaml:19:19: links.interval: '100us' is out of bounds; allowed are 1ms to 1m"},
    {"capacity_mbit_per_s: 500", "capacity_mbit_per_s: 0",
     "edge.yaml:19:61: links.capacity_mbit_per_s: '0' is not a whole number from 1 to 1000000"},
    {"multiplier: 4", "multiplier: 1", "edge.yaml:19:37: links.multiplier: '1' is not a whole number from 2 to 50"},
    {"absolute: 2.5ms", "absolute: 1h",
     "edge.yaml:20:24: hysteresis.absolute: '1h' is out of bounds; allowed are 0s to 10s"},
    {"relative: 0.25", "relative: 25%", "edge.yaml:20:41: hysteresis.relative: '25%' is not a number from 0 to 0.9"},
    {"stamp: {peers: [10.77.0.2, \"fd77::2\"], nodes: true}", "stamp: {}",
     "edge.yaml:50:8: stamp lacks the key 'peers'; list the addresses whose probes are answered, or write 'nodes: "
     "true'"},
    {"stamp: {peers: [10.77.0.2, \"fd77::2\"], nodes: true}", "stamp: {peers: [127.0.0.1]}",
     "edge.yaml:50:17: stamp.peers[0]: '127.0.0.1' is not the address of one host; loopback, multicast and the like "
     "cannot be used here"},
    {"stamp: {peers:", "stamp: {peer:", "edge.yaml:50:9: unknown key 'peer' in stamp; did you mean 'peers'?"},
    {"nodes: true}", "nodes: all}", "edge.yaml:50:47: stamp.nodes: 'all' is not one of: false, true"},
    {"peer: 10.77.0.9, ", "",
     "edge.yaml:53:5: probes[0] lacks the key 'peer'; give the address of a STAMP or "
     "TWAMP-light reflector"},
    {"interval: 250ms", "interval: 1ms",
     "edge.yaml:53:45: probes[0].interval: '1ms' is out of bounds; allowed are 10ms to 1m"},
    {"count: 100}", "count: -1}", "edge.yaml:53:59: probes[0].count: '-1' is not a whole number from 0 to 1000000"},
    {"policy: /etc/izar/routing-policy.yaml", "policy: routing-policy.yaml",
     "edge.yaml:51:9: policy: 'routing-policy.yaml' is not an absolute path; begin it with '/'"},
    {"relative: 0.25", "relative: nan", "edge.yaml:20:41: hysteresis.relative: 'nan' is not a number from 0 to 0.9"},
};
INSTANTIATE_TEST_SUITE_P(Port, EdgeConfigMistake, testing::ValuesIn(kPortMistakes));

const Mistake kFleetMistakes[] = {
    {"{id: 2, name: par,", "{id: 1, name: par,",
     "edge.yaml:23:10: nodes[1].id: '1' is used by nodes[0].id already; every node needs its own"},
    {"{id: 2, name: par,", "{id: 2, name: ams,",
     "edge.yaml:23:19: nodes[1].name: 'ams' is used by nodes[0].name already; every node needs its own"},
    {"address: 10.77.0.2}", "address: 10.77.0.1}",
     "edge.yaml:23:50: nodes[1].address: '10.77.0.1' is used by nodes[0].address already; every node needs its own"},
    {"address: 10.77.0.2}", "adress: 10.77.0.2}",
     "edge.yaml:23:5: nodes[1]: lacks the key 'address'; give the address that this node's overlay packets go "
     "to\nedge.yaml:23:41: unknown key 'adress' in nodes[1]; did you mean 'address'?"},
    {"address: 10.77.0.2}", "address: 224.0.0.1}",
     "edge.yaml:23:50: nodes[1].address: '224.0.0.1' is not the address of one host; loopback, multicast and the like "
     "cannot be used here"},
    {"address: 10.77.0.1}", "address: 10.77.0.3}",
     "edge.yaml:22:5: nodes[0]: address '10.77.0.3' of this node is not one of port 'wan', which carries the overlay; "
     "give one of that port's addresses"},
    {"region: eu-west, address: 10.77.0.2", "region: eu west, address: 10.77.0.2",
     "edge.yaml:23:32: nodes[1].region: 'eu west' is not a name; use 1 to 31 letters, digits, '.', '_' or '-', a "
     "letter or digit first"},
};
INSTANTIATE_TEST_SUITE_P(Fleet, EdgeConfigMistake, testing::ValuesIn(kFleetMistakes));

const Mistake kServiceMistakes[] = {
    {"id: 100", "id: 16777216", "edge.yaml:25:9: services[0].id: '16777216' is not a whole number from 1 to 16777215"},
    {"id: 101", "id: 100", "edge.yaml:35:5: services[1]: has the same id as services[0]; every service needs its own"},
    {"name: games", "name: web",
     "edge.yaml:35:5: services[1]: has the same name as services[0]; every service needs its own"},
    {"vip: 10.99.0.80", "vip: 10.99.0.300",
     "edge.yaml:27:10: services[0].vip: '10.99.0.300' is not an IP address; write it like 192.0.2.1 or 2001:db8::1"},
    {"vip: 10.99.0.80", "vip: 10.1.0.2",
     "edge.yaml:27:10: services[0].vip: '10.1.0.2' is an egress address of this node too; choose another vip"},
    {"vip: 10.99.0.80", "vip: 10.77.0.2",
     "edge.yaml:27:10: services[0].vip: '10.77.0.2' is the overlay address of node 'par' too; choose another vip"},
    {"protocol: tcp", "protocol: sctp", "edge.yaml:28:15: services[0].protocol: 'sctp' is not one of: tcp, udp, icmp"},
    {"ports: 80\n", "ports: 80-\n",
     "edge.yaml:29:12: services[0].ports: '80-' is not a port; write 80, 8000-8099 or any (ports are 1 to 65535)"},
    {"ports: 80\n", "ports: 65536\n",
     "edge.yaml:29:12: services[0].ports: '65536' is not a port; write 80, 8000-8099 or any (ports are 1 to 65535)"},
    {"ports: 8000-8099", "ports: 8099-8000",
     "edge.yaml:39:12: services[1].ports: '8099-8000' ends before it begins; write the smaller port first"},
    {"    ports: 80\n", "", "edge.yaml:25:5: services[0] lacks the key 'ports'; write 80, 8000-8099 or any"},
    {"protocol: icmp\n", "protocol: icmp\n    ports: 7\n",
     "edge.yaml:46:12: services[2].ports: icmp has no ports; leave the key out"},
    {"egress: [par, {node: ams", "egress: [paris, {node: ams",
     "edge.yaml:30:14: services[0].egress[0]: 'paris' is no node of this file; did you mean 'par'?"},
    {"{node: ams, weight: 2}", "{node: par, weight: 2}",
     "edge.yaml:30:19: services[0].egress[1]: names a node that stands there already; keep one"},
    {"{node: ams, weight: 2}", "{node: ams, weight: 65536}",
     "edge.yaml:30:39: services[0].egress[1].weight: '65536' is not a whole number from 0 to 65535"},
    {"egress: [par, {node: ams, weight: 2}]", "egress: []",
     "edge.yaml:30:13: services[0].egress: names no egress with a weight above 0; give the nodes near the origins"},
    {"address: 10.2.0.10, port: 8080", "address: \"fd02::10\", port: 8080",
     "edge.yaml:32:19: services[0].origins[0].address: 'fd02::10' is IPv6, the service's vip is IPv4; translation "
     "between families is not supported, give the service a vip of the origins' family"},
    {"address: 10.2.0.10, port: 8080", "address: 10.99.0.80, port: 8080",
     "edge.yaml:32:19: services[0].origins[0].address: is the service's own vip; give the address of a server behind "
     "it"},
    {"port: 8080", "port: 0",
     "edge.yaml:32:36: services[0].origins[0].port: '0' is not a whole number from 1 to 65535"},
    {"weight: 3}", "wieght: 3}",
     "edge.yaml:32:42: unknown key 'wieght' in services[0].origins[0]; did you mean 'weight'?"},
    {"{address: 10.2.0.11}", "{address: 10.2.0.10, port: 8080}",
     "edge.yaml:33:9: services[0].origins[1]: is an origin that stands there already; keep one, with the sum of their "
     "weights"},
    {"[{address: \"fd02::10\"}]", "[{address: \"fd02::10\", weight: 0}]",
     "edge.yaml:41:14: services[1].origins: names no origin with a weight above 0; give at least one server"},
    {"tcp_opening: 5s", "tcp_opening: 5ms",
     "edge.yaml:34:29: services[0].timeouts.tcp_opening: '5ms' is out of bounds; allowed are 1s to 24h"},
    {"tcp_established: 20m", "tcp_estab: 20m",
     "edge.yaml:34:33: unknown key 'tcp_estab' in services[0].timeouts; did you mean 'tcp_established'?"},
    {"tcp_established: 20m", "lifetime: 20m",
     "edge.yaml:34:33: unknown key 'lifetime' in services[0].timeouts; known are tcp_opening, tcp_established, "
     "tcp_closing, udp, icmp"},
    {"tcp_closing: 40s", "tcp_closing: forever",
     "edge.yaml:34:68: services[0].timeouts.tcp_closing: 'forever' is not a duration; write a number and a unit, like "
     "10ms, 1.5s or 15m"},
    {"udp: 50s", "udp: 25h",
     "edge.yaml:34:78: services[0].timeouts.udp: '25h' is out of bounds; allowed are 1s to 24h"},
    {"icmp: 6s", "icmp: [6s]", "edge.yaml:34:89: services[0].timeouts.icmp: must be a duration like 10ms, not a list"},
    {"duplicate: true", "duplicate: yes", "edge.yaml:48:16: services[2].duplicate: 'yes' is not one of: false, true"},
    {"protocol: udp\n    ports: 8000-8099", "protocol: udp\n    protocol: udp\n    ports: 8000-8099",
     "edge.yaml:39:5: key 'protocol' stands twice in services[1]; keep one"},
};
INSTANTIATE_TEST_SUITE_P(Service, EdgeConfigMistake, testing::ValuesIn(kServiceMistakes));

TEST(EdgeConfigMistakes, SeveralAreToldInOneGo) {
    EXPECT_EQ(error_of("node: {id: 1}\nidle: yes\nports: []\n"),
              "edge.yaml:1:1: the file lacks the key 'secrets'; name the file of link secrets: secrets: {file: "
              "/etc/izar/secrets}; or write 'security: none', and overlay packets travel unencrypted\n"
              "edge.yaml:1:1: the file lacks the key 'overlay'; name the port that carries overlay packets: overlay: "
              "{port: wan}\n"
              "edge.yaml:1:1: the file lacks the key 'nodes'; list all nodes of the fleet, this one included\n"
              "edge.yaml:1:7: node lacks the key 'name'; say which of the nodes this is: node: {id: 1, name: ams}\n"
              "edge.yaml:2:7: idle: 'yes' is not one of: spin, sleep\n"
              "edge.yaml:3:8: ports: needs 1 to 8 ports");
}

TEST(EdgeConfigMistakes, AnythingButAMapIsRefused) {
    for (const char* text :
         {"", "just text", "[1, 2]", "node: node", "ports: {}", "services: 3", "\xff\xfe", "%YAML 9.9\n---\n"}) {
        EXPECT_NE(error_of(text), "") << text;
    }
}

}  // namespace
}  // namespace izar
