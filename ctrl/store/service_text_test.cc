#include "ctrl/store/service_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace izar {
namespace {

Service service_of_seed() {
    Service service;
    const auto port = [] { return *rc::gen::arbitrary<std::uint16_t>(); };
    const auto v4 = [] { return IpAddress(Ipv4Address{Be32(*rc::gen::arbitrary<std::uint32_t>())}); };
    service.vip = v4();
    service.transport = *rc::gen::element(Transport::tcp, Transport::udp, Transport::icmp);
    service.first_port = port();
    service.last_port = port();
    service.duplicate = *rc::gen::arbitrary<bool>();
    service.timeouts.udp = std::chrono::milliseconds{*rc::gen::inRange(0, 1'000'000)};
    for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
        service.origins.push_back({.address = v4(), .port = port(), .weight = port()});
        service.egresses.push_back({.node = NodeId{port()}, .weight = port()});
    }
    return service;
}

bool same(const Service& a, const Service& b) {
    const auto same_origin = [](const Origin& x, const Origin& y) {
        return x.address == y.address && x.port == y.port && x.weight == y.weight;
    };
    const auto same_egress = [](const Egress& x, const Egress& y) { return x.node == y.node && x.weight == y.weight; };
    return a.vip == b.vip && a.transport == b.transport && a.first_port == b.first_port && a.last_port == b.last_port &&
           a.duplicate == b.duplicate && a.timeouts.udp == b.timeouts.udp &&
           a.timeouts.tcp_established == b.timeouts.tcp_established &&
           std::equal(a.origins.begin(), a.origins.end(), b.origins.begin(), b.origins.end(), same_origin) &&
           std::equal(a.egresses.begin(), a.egresses.end(), b.egresses.begin(), b.egresses.end(), same_egress);
}

TEST(ServiceText, ReadsBackAsItself) {
    EXPECT_TRUE(rc::check("whatever the service", [] {
        const Service service = service_of_seed();
        const auto again = parse_service_text(service_text(service));
        RC_ASSERT(again.has_value());
        RC_ASSERT(same(service, *again));
    }));
}

TEST(ServiceText, AnyTextIsAServiceOrAnError) {
    const std::string whole = service_text({});
    ASSERT_TRUE(parse_service_text(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(parse_service_text(whole.substr(0, length))) << length;
    }
    EXPECT_FALSE(parse_service_text("[]"));
    EXPECT_FALSE(parse_service_text(R"({"vip":4})"));
}

}  // namespace
}  // namespace izar
