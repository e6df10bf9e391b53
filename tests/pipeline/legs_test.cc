// RTTs of the legs outside the overlay, from TCP handshakes that pass: client to ingress, egress to origin.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

constexpr ServiceId kWeb{5};

struct Case {
    const char* name;
    int egress;
    bool ipv6;
    std::uint8_t lcores;
};

// A client 20 ms from node 1 and an origin 3 ms from the egress, which may be node 1 itself.
class Legs : public testing::TestWithParam<Case> {
  protected:
    TestWorld world{3, Family::ipv4, {.lcores = GetParam().lcores}};

    void SetUp() override {
        world.service(ServiceSpec{raw(kWeb)}.at(vip()).tcp(80).egress(GetParam().egress).origin(origin())).publish();
    }
    bool ipv6() const { return GetParam().ipv6; }
    std::string vip() const { return ipv6() ? "fd99::80" : "10.99.0.80"; }
    std::string client() const { return ipv6() ? "fd00:1::a" : "10.1.0.10"; }
    std::string origin() const {
        return fmt::format(fmt::runtime(ipv6() ? "fd00:{}::80" : "10.{}.0.80"), GetParam().egress);
    }
    Lines from_client(const PacketBuilder& packet, std::uint16_t port) {
        return world.send(1, PacketBuilder{packet}.from(client(), port).to(vip(), 80));
    }
    void answer_from_origin() {
        const SeenPacket syn = world.on_lan.at(0);
        world.send(GetParam().egress, tcp_syn_ack().from(origin(), 80).to(syn.source.text(), syn.source_port));
    }
    void shake_hands(std::uint16_t port) {
        from_client(tcp_syn(), port);
        ASSERT_EQ(world.on_lan.size(), 1u);
        const SeenPacket syn = world.on_lan[0];
        world.now += milliseconds{3};
        world.on_lan = {syn};
        answer_from_origin();
        world.now += milliseconds{20};
        from_client(tcp_data(0), port);
    }
    Measurement leg(int node, Leg which) {
        LegSum sum;
        for (std::size_t i = 0; i < world[node].lcores(); ++i) {
            sum.add(world[node].lcore(i).legs.read(kWeb, which));
        }
        return sum.total().value_or(Measurement{});
    }
};

TEST_P(Legs, AreMeasuredWhereTheyBegin) {
    for (std::uint16_t i = 0; i < 8; ++i) {
        shake_hands(static_cast<std::uint16_t>(40'000 + i));
    }
    const Measurement to_client = leg(1, Leg::client);
    EXPECT_EQ(to_client.samples, 8u);
    EXPECT_EQ(to_client.mean, milliseconds{20});
    EXPECT_EQ(to_client.age(world.now), Nanos{0});
    const Measurement to_origin = leg(GetParam().egress, Leg::origin);
    EXPECT_EQ(to_origin.samples, 8u);
    EXPECT_EQ(to_origin.least, milliseconds{3});
    EXPECT_EQ(to_origin.source, MeasurementSource::tcp_handshake);
    if (GetParam().egress != 1) {
        EXPECT_EQ(leg(1, Leg::origin).samples, 0u);
        EXPECT_EQ(leg(GetParam().egress, Leg::client).samples, 0u);
    }
    // Of the node, as the controller hears it.
    EXPECT_EQ(world[1].leg(Leg::client, world.now).samples, 8u);
    EXPECT_EQ(world[1].leg(Leg::client, world.now).mean, milliseconds{20});
    EXPECT_EQ(world[1].leg(Leg::client, world.now + LegRtts::kWindow).samples, 0u) << "it is old";
}

TEST_P(Legs, ASynThatWasSentAgainIsNoSample) {
    from_client(tcp_syn(), 40'000);
    world.now += milliseconds{1000};
    from_client(tcp_syn(), 40'000);
    world.now += milliseconds{3};
    answer_from_origin();
    EXPECT_EQ(leg(GetParam().egress, Leg::origin).samples, 0u);
    world.now += milliseconds{20};
    from_client(tcp_data(0), 40'000);
    EXPECT_EQ(leg(1, Leg::client).samples, 1u) << "there was one SYN-ACK";
}

TEST_P(Legs, LaterPacketsAreNoSamples) {
    shake_hands(40'000);
    for (int i = 0; i < 5; ++i) {
        world.now += milliseconds{10};
        from_client(tcp_data(), 40'000);
    }
    EXPECT_EQ(leg(1, Leg::client).samples, 1u);
    EXPECT_EQ(leg(GetParam().egress, Leg::origin).samples, 1u);
}

// Both legs by data that is acknowledged: of a download the client's, of an upload the origin's.
TEST_P(Legs, AreMeasuredByTimestampsInAConnectionToo) {
    shake_hands(40'000);
    const Instant shaken = world.now;
    const SeenPacket syn = [&] {
        from_client(tcp_data(5).timestamps(100, 0), 40'000);
        return world.on_lan.at(0);
    }();
    const auto from_origin = [&](const PacketBuilder& packet) {
        world.send(GetParam().egress, PacketBuilder{packet}.from(origin(), 80).to(syn.source.text(), syn.source_port));
    };
    for (std::uint32_t i = 1; i <= 10; ++i) {
        from_client(tcp_data(5).timestamps(100 + i, 200 + i), 40'000);
        world.now += milliseconds{4};
        from_origin(tcp_data(5).timestamps(300 + i, 100 + i));
        world.now += milliseconds{25};
        from_client(tcp_data(0).timestamps(150 + i, 300 + i), 40'000);
        world.now += milliseconds{100};
    }
    const auto stamped = [&](int node, Leg which) {
        LegSum sum;
        for (std::size_t i = 0; i < world[node].lcores(); ++i) {
            sum.add(world[node].lcore(i).stamped_legs.read(kWeb, which));
        }
        return sum.total().value_or(Measurement{});
    };
    const Measurement to_origin = stamped(GetParam().egress, Leg::origin);
    EXPECT_EQ(to_origin.source, MeasurementSource::tcp_timestamp);
    EXPECT_GE(to_origin.samples, 9u);
    EXPECT_EQ(to_origin.least, milliseconds{4});
    EXPECT_EQ(to_origin.mean, milliseconds{4});
    const TestNode& egress = world[GetParam().egress];
    EXPECT_EQ(egress.leg(Leg::origin, world.now).source, MeasurementSource::tcp_handshake) << "its mean has no waiting";
    EXPECT_EQ(egress.leg(Leg::origin, shaken + LegRtts::kWindow).source, MeasurementSource::tcp_timestamp);
    EXPECT_EQ(egress.leg(Leg::origin, shaken + LegRtts::kWindow).mean, milliseconds{4});
    const Measurement to_client = stamped(1, Leg::client);
    // A reply that another lcore than the flow's took out of the overlay gives no sample.
    const bool on_another = GetParam().lcores > 1 && to_client.samples == 0;
    EXPECT_TRUE(on_another || to_client.samples >= 9u) << to_client.samples;
    EXPECT_EQ(to_client.mean, on_another ? milliseconds{0} : milliseconds{25});
}

TEST_P(Legs, WithoutTimestampsThereIsNothingToLearnFromAConnection) {
    shake_hands(40'000);
    for (int i = 0; i < 5; ++i) {
        world.now += milliseconds{10};
        from_client(tcp_data(), 40'000);
    }
    for (const int node : {1, GetParam().egress}) {
        EXPECT_EQ(world[node].lcore().stamped_legs.read(kWeb, Leg::client).samples, 0u);
        EXPECT_EQ(world[node].lcore().stamped_legs.read(kWeb, Leg::origin).samples, 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, Legs,
                         testing::Values(Case{"OverTheOverlay", 3, false, 1}, Case{"OneNode", 1, false, 1},
                                         Case{"Ipv6", 3, true, 1}, Case{"TwoLcores", 3, false, 2}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace izar
