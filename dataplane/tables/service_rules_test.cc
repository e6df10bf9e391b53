#include "dataplane/tables/service_rules.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dataplane/base/limits.h"

namespace izar {
namespace {

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

Service web() {
    Service service;
    service.vip = address("203.0.113.1");
    service.first_port = 80;
    service.last_port = 80;
    service.origins = {{.address = address("10.0.0.1"), .port = 8080}};
    return service;
}

// Place and text of all that is wrong once `change` was made.
template <typename Change>
std::string problems(Change change) {
    Service service = web();
    change(service);
    std::string out;
    for (const ServiceProblem& problem : service_problems(service, NoEgress::means_every_node)) {
        out += place_of(problem) + ": " + problem.text + "\n";
    }
    return out;
}

TEST(ServiceRules, TakeAServiceOfOneOrigin) {
    EXPECT_EQ(problems([](Service&) {}), "");
    EXPECT_EQ(problems([](Service& s) { s.first_port = 0, s.last_port = 65535; }), "") << "any port";
}

TEST(ServiceRules, AVipIsOneHostsAddress) {
    for (const char* const wrong : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
        EXPECT_EQ(problems([&](Service& s) { s.vip = address(wrong); }),
                  "vip: '" + std::string(wrong) +
                      "' is not the address of one host; loopback, multicast and the like cannot be used here\n");
    }
    for (const char* const wrong : {"::1", "ff02::1"}) {
        EXPECT_NE(problems([&](Service& s) { s.vip = address(wrong); }), "") << wrong;
    }
}

TEST(ServiceRules, PortsAreInOrderAndNotZero) {
    EXPECT_EQ(problems([](Service& s) { s.first_port = 81; }),
              "ports: '81-80' ends before it begins; write the smaller port first\n");
    for (const std::uint16_t last : {std::uint16_t{0}, std::uint16_t{80}}) {
        EXPECT_EQ(problems([&](Service& s) { s.first_port = 0, s.last_port = last; }),
                  "ports: port 0 is none; write 80, 8000-8099 or any (ports are 1 to 65535)\n");
    }
}

TEST(ServiceRules, IcmpHasNoPorts) {
    EXPECT_EQ(problems([](Service& s) { s.transport = Transport::icmp; }),
              "ports: icmp has no ports; leave the key out\n"
              "origins[0].port: icmp has no ports; leave the key out\n");
    EXPECT_EQ(problems([](Service& s) {
                  s.transport = Transport::icmp;
                  s.first_port = s.last_port = s.origins[0].port = 0;
              }),
              "");
}

TEST(ServiceRules, OriginsAreServersBehindTheVip) {
    EXPECT_EQ(problems([](Service& s) { s.origins[0].address = s.vip; }),
              "origins[0].address: is the service's own vip; give the address of a server behind it\n");
    EXPECT_EQ(problems([](Service& s) { s.origins.push_back({.address = address("fd00::1")}); }),
              "origins[1].address: 'fd00::1' is IPv6, the service's vip is IPv4; translation between families is not "
              "supported, give the service a vip of the origins' family\n");
    EXPECT_EQ(problems([](Service& s) { s.origins.push_back(s.origins[0]); }),
              "origins[1]: is an origin that stands there already; keep one, with the sum of their weights\n");
    EXPECT_EQ(problems([](Service& s) { s.origins.clear(); }),
              "origins: names no origin with a weight above 0; give at least one server\n");
    EXPECT_EQ(problems([](Service& s) { s.origins[0].weight = 0; }),
              "origins: names no origin with a weight above 0; give at least one server\n");
    EXPECT_EQ(problems([](Service& s) { s.origins[0].weight = kMostWeight + 1; }),
              "origins[0]: has weight 65536; the most is 65535\n");
    EXPECT_EQ(problems([](Service& s) { s.origins.resize(kMaxOrigins + 1, s.origins[0]); }),
              "origins: has 65, at most 64 are allowed\n");
}

TEST(ServiceRules, EgressesAreNodesNamedOnce) {
    EXPECT_EQ(problems([](Service& s) {
                  s.egresses = {{NodeId{1}, 1}, {NodeId{1}, 1}};
              }),
              "egresses[1]: names a node that stands there already; keep one\n");
    EXPECT_EQ(problems([](Service& s) {
                  s.egresses = {{NodeId{1}, 0}};
              }),
              "egresses: names no egress with a weight above 0; give the nodes near the origins\n");
    EXPECT_EQ(problems([](Service& s) { s.egresses = {{kNoNode, 1}}; }), "egresses[0]: is no node\n");
    const auto none = service_problems(web(), NoEgress::refused);
    ASSERT_EQ(none.size(), 1U);
    EXPECT_EQ(none[0].part, ServicePart::egresses);
}

TEST(ServiceRules, TimeoutsHaveBounds) {
    EXPECT_NE(problems([](Service& s) { s.timeouts.udp = Nanos{0}; }), "");
    EXPECT_NE(problems([](Service& s) { s.timeouts.icmp = std::chrono::hours{25}; }), "");
}

TEST(ServiceRules, PortsAsText) {
    EXPECT_EQ(parse_port_range("8000-8099")->last, 8099);
    EXPECT_EQ(parse_port_range("any")->first, 0);
    for (const char* const wrong : {"", "0", "80x", "80-", "-80", "80-70", "65536", "80-90-", "Any", "0-65535"}) {
        EXPECT_FALSE(parse_port_range(wrong)) << wrong;
    }
}

TEST(ServiceRules, AVipIsNobodyElsesAddress) {
    FleetNode ams;
    ams.overlay_address = address("192.0.2.1");
    std::strcpy(ams.name, "ams");
    const IpAddress egress = address("10.3.0.1");
    EXPECT_EQ(vip_conflict(address("192.0.2.1"), {&ams, 1}, {&egress, 1}),
              "'192.0.2.1' is the overlay address of node 'ams' too; choose another vip");
    EXPECT_EQ(vip_conflict(egress, {&ams, 1}, {&egress, 1}),
              "'10.3.0.1' is an egress address of this node too; choose another vip");
    EXPECT_EQ(vip_conflict(address("203.0.113.1"), {&ams, 1}, {&egress, 1}), std::nullopt);
}

}  // namespace
}  // namespace izar
