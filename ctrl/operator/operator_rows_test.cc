#include "ctrl/operator/operator_rows.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

namespace izar {
namespace {

using Json = nlohmann::json;

TEST(OperatorRows, ALinkThatIsNotMeasuredHasNoFigures) {
    FeedLink link;
    link.from = NodeId{1};
    link.to = NodeId{2};
    link.reachable = true;
    link.rtt = std::chrono::microseconds{4'250};
    link.loss = 0.5;
    link.count = 3;
    EXPECT_EQ(link_row(link), (Json{{"from", 1}, {"to", 2}, {"state", "up"}, {"rtt_ms", 4.25}, {"loss_ratio", 0.5}}));
    link.count = 0;
    EXPECT_TRUE(link_row(link)["rtt_ms"].is_null());
    EXPECT_TRUE(link_row(link)["loss_ratio"].is_null()) << "none was measured, which is not 0";
    link.count = 3;
    link.reachable = false;
    EXPECT_EQ(link_row(link)["state"], "down");
    EXPECT_TRUE(link_row(link)["rtt_ms"].is_null());
    EXPECT_TRUE(link_row(link)["loss_ratio"].is_null());
}

TEST(OperatorRows, AServiceNamesItsEgresses) {
    std::map<NodeId, FleetNode> nodes;
    std::strcpy(nodes[NodeId{1}].name, "ams");
    Service service;
    service.id = ServiceId{7};
    std::strcpy(service.name, "web");
    service.vip = *IpAddress::parse("10.99.0.80");
    service.transport = Transport::udp;
    service.first_port = 80;
    service.last_port = 81;
    service.egresses = {{NodeId{1}, 1}, {NodeId{2}, 1}};
    service.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 3}};
    const Json origin = {{"address", "10.2.0.10"}, {"port", 8080}, {"weight", 3}};
    EXPECT_EQ(service_row(service, nodes), (Json{{"id", 7},
                                                 {"name", "web"},
                                                 {"vip", "10.99.0.80"},
                                                 {"protocol", "udp"},
                                                 {"first_port", 80},
                                                 {"last_port", 81},
                                                 {"duplicate", false},
                                                 {"egresses", Json::array({"ams", ""})},
                                                 {"origins", Json::array({origin})}}));
}

}  // namespace
}  // namespace izar
