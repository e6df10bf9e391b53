#include "ctrl/store/node_vips.h"

#include <gtest/gtest.h>

#include <cstring>

namespace izar {
namespace {

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

Service web() {
    Service service;
    std::strcpy(service.name, "web");
    service.id = ServiceId{7};
    service.vip = address("203.0.113.1");
    service.first_port = service.last_port = 80;
    service.origins = {{.address = address("10.0.0.1"), .port = 8080}};
    return service;
}

NodeVip at(std::uint16_t node, std::string_view text) {
    return {.node = NodeId{node}, .address = address(text)};
}

std::string problem(const std::vector<NodeVip>& vips) {
    const auto good = check_node_vips(web(), vips);
    return good ? "" : good.error().text;
}

TEST(NodeVips, AreTheSameServiceAtAnotherAddress) {
    const Service there = service_at(web(), {NodeId{1}, address("10.1.0.80"), ServiceId{9}});
    EXPECT_EQ(there.id, ServiceId{9});
    EXPECT_EQ(there.vip, address("10.1.0.80"));
    EXPECT_STREQ(there.name, "web");
    EXPECT_EQ(there.last_port, 80);
    EXPECT_EQ(there.origins.at(0).address, address("10.0.0.1"));
}

TEST(NodeVips, BelongToTheirServiceAsItsVip) {
    ServiceRecord record{.service = web(), .node_vips = {at(1, "10.1.0.80")}};
    EXPECT_TRUE(has_vip(record, address("203.0.113.1")));
    EXPECT_TRUE(has_vip(record, address("10.1.0.80")));
    EXPECT_FALSE(has_vip(record, address("10.1.0.81")));
}

TEST(NodeVips, FollowTheRulesForVips) {
    EXPECT_EQ(problem({at(1, "10.1.0.80"), at(2, "10.2.0.80")}), "");
    const std::pair<std::vector<NodeVip>, std::string_view> mistakes[] = {
        {{at(1, "127.0.0.1")}, "service web: vips_at[0]: vip: '127.0.0.1' is not the address of one host"},
        {{at(1, "224.0.0.1")}, "service web: vips_at[0]: vip: '224.0.0.1' is not the address of one host"},
        {{at(1, "fd00::1")}, "service web: vips_at[0]: 'fd00::1' is IPv6, the service's vip is IPv4"},
        {{at(1, "10.0.0.1")}, "service web: vips_at[0]: origins[0].address: is the service's own vip"},
        {{at(1, "203.0.113.1")}, "service web: vips_at[0]: '203.0.113.1' is the service's vip at every node"},
        {{at(1, "10.1.0.80"), at(1, "10.1.0.81")}, "service web: vips_at[1]: names a node that stands there already"},
        {{at(1, "10.1.0.80"), at(2, "10.1.0.80")}, "service web: vips_at[1]: '10.1.0.80' is another node's already"},
    };
    for (const auto& [vips, text] : mistakes) {
        EXPECT_EQ(problem(vips).substr(0, text.size()), text) << problem(vips);
    }
}

}  // namespace
}  // namespace izar
