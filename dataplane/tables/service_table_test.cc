#include "dataplane/tables/service_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <vector>

namespace izar {
namespace {

const IpAddress kVip = IpAddress::parse("192.0.2.1").value();
const IpAddress kVip6 = IpAddress::parse("2001:db8::1").value();

Service service(std::uint32_t id, const IpAddress& vip, Transport transport, std::uint16_t first, std::uint16_t last) {
    Service s;
    s.id = ServiceId{id};
    s.vip = vip;
    s.transport = transport;
    s.first_port = first;
    s.last_port = last;
    return s;
}

// The id that a packet belongs to, 0 for none.
std::uint32_t found(const ServiceTable& table, const IpAddress& vip, Transport transport, std::uint16_t port) {
    const int index = table.find(vip, transport, port);
    return index < 0 ? 0 : raw(table[index].id);
}

TEST(ServiceTable, NarrowestRangeWinsThenLowestId) {
    const ServiceTable table(
        {service(1, kVip, Transport::tcp, 0, 65535), service(2, kVip, Transport::tcp, 8000, 8999),
         service(5, kVip, Transport::tcp, 8080, 8080), service(4, kVip, Transport::tcp, 8080, 8080),
         service(6, kVip, Transport::tcp, 8500, 9499)},
        9);
    EXPECT_EQ(found(table, kVip, Transport::tcp, 8080), 4U);
    EXPECT_EQ(found(table, kVip, Transport::tcp, 8081), 2U);
    EXPECT_EQ(found(table, kVip, Transport::tcp, 8500), 2U);
    EXPECT_EQ(found(table, kVip, Transport::tcp, 9000), 6U);
    EXPECT_EQ(found(table, kVip, Transport::tcp, 0), 1U);
    EXPECT_EQ(found(table, kVip, Transport::udp, 8080), 0U);
    EXPECT_EQ(found(table, kVip6, Transport::tcp, 8080), 0U);
    EXPECT_EQ(table.version(), 9U);
}

TEST(ServiceTable, EchoIgnoresPorts) {
    const ServiceTable table({service(3, kVip, Transport::icmp, 7, 7)});
    EXPECT_EQ(found(table, kVip, Transport::icmp, 0), 3U);
    EXPECT_EQ(found(table, kVip, Transport::icmp, 4711), 3U);
    EXPECT_EQ(found(table, kVip, Transport::tcp, 7), 0U);
}

TEST(ServiceTable, FindsByIdAndKnowsItsVips) {
    const ServiceTable table(
        {service(30, kVip, Transport::tcp, 80, 80), service(0xFFFFFF, kVip6, Transport::udp, 53, 53)});
    EXPECT_EQ(table.find(ServiceId{30}), 0);
    EXPECT_EQ(table.find(ServiceId{0xFFFFFF}), 1);
    EXPECT_EQ(table.find(ServiceId{31}), -1);
    EXPECT_TRUE(table.is_vip(kVip));
    EXPECT_TRUE(table.is_vip(kVip6));
    EXPECT_FALSE(table.is_vip(IpAddress::parse("192.0.2.2").value()));
}

TEST(ServiceTableDeathTest, TwoServicesOfOneIdAreABug) {
    EXPECT_DEATH(ServiceTable({service(1, kVip, Transport::tcp, 1, 1), service(1, kVip, Transport::tcp, 2, 2)}),
                 "by_id_");
}

// The oracle: look at every service.
std::uint32_t linear_scan(const std::vector<Service>& services, const IpAddress& vip, Transport transport,
                          std::uint16_t port) {
    const Service* best = nullptr;
    const auto width = [](const Service& s) { return s.last_port - s.first_port; };
    for (const Service& s : services) {
        const bool matches = s.vip == vip && s.transport == transport &&
                             (transport == Transport::icmp || (s.first_port <= port && port <= s.last_port));
        if (!matches) {
            continue;
        }
        const bool narrower = best == nullptr || (transport != Transport::icmp && width(s) < width(*best));
        const bool same = best != nullptr && (transport == Transport::icmp || width(s) == width(*best));
        if (narrower || (same && raw(s.id) < raw(best->id))) {
            best = &s;
        }
    }
    return best == nullptr ? 0 : raw(best->id);
}

RC_GTEST_PROP(ServiceTable, AgreesWithLinearScan, ()) {
    const auto any_port = rc::gen::inRange<std::uint16_t>(0, 24);  // few, so that ranges overlap and edges are hit
    const auto any_transport = rc::gen::element(Transport::tcp, Transport::udp, Transport::icmp);
    const auto any_vip = rc::gen::element(kVip, kVip6, IpAddress::parse("192.0.2.3").value());
    const auto ids = *rc::gen::unique<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 1000));
    std::vector<Service> services;
    for (const std::uint32_t id : ids) {
        const std::uint16_t first = *any_port;
        const std::uint16_t last = *rc::gen::element(first, static_cast<std::uint16_t>(first + *any_port));
        services.push_back(service(id, *any_vip, *any_transport, first, last));
    }
    const ServiceTable table(services);
    for (int i = 0; i < 50; ++i) {
        const IpAddress vip = *any_vip;
        const Transport transport = *any_transport;
        const auto port = *rc::gen::inRange<std::uint16_t>(0, 50);
        RC_ASSERT(found(table, vip, transport, port) == linear_scan(services, vip, transport, port));
    }
}

}  // namespace
}  // namespace izar
