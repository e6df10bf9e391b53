// Random packet mixes against a simple model of NAT, random tables in which nothing may go round, and random bytes that
// must only be accounted.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

// What NAT is, in maps: a client's tuple owns one egress port towards an origin, and keeps it.
class NatModel {
  public:
    struct Client {
        std::uint8_t host;
        std::uint16_t port;
        std::uint8_t transport;  // 6 or 17
        auto operator<=>(const Client&) const = default;
    };

    // A forward packet of `client` left with `nat_port`: right if it is the client's own or was nobody's.
    bool forward(const Client& client, std::uint16_t nat_port) {
        const auto known = port_of_.find(client);
        if (known != port_of_.end()) {
            return known->second == nat_port;
        }
        port_of_[client] = nat_port;
        return client_of_.emplace(std::pair{client.transport, nat_port}, client).second;
    }
    const std::map<Client, std::uint16_t>& ports() const { return port_of_; }

  private:
    std::map<Client, std::uint16_t> port_of_;
    std::map<std::pair<std::uint8_t, std::uint16_t>, Client> client_of_;
};

PacketBuilder transport(std::uint8_t protocol, std::size_t payload) {
    return protocol == 6 ? tcp(kTcpSyn).payload(payload) : udp(payload);
}

void run_mix(TestWorld& world, NatModel& model) {
    const auto client = *rc::gen::construct<NatModel::Client>(rc::gen::inRange<std::uint8_t>(10, 13),
                                                              rc::gen::inRange<std::uint16_t>(1020, 1030),
                                                              rc::gen::element<std::uint8_t>(6, 17));
    const auto payload = *rc::gen::inRange<std::size_t>(0, 1300);
    const std::string host = "10.1.0." + std::to_string(client.host);
    PacketBuilder asks = transport(client.transport, payload).from(host, client.port).to("10.99.0.80", 80);
    if (client.transport == 17 && *rc::gen::arbitrary<bool>()) {
        asks.without_checksum();
    }
    world.send(1, asks);
    RC_ASSERT(world.on_lan.size() == 1u);
    const SeenPacket there = world.on_lan[0];
    const SeenPacket question = see(ethernet({}, {}, asks.bytes()));
    RC_ASSERT(there.checksums_right);
    RC_ASSERT(there.payload == question.payload);
    RC_ASSERT(there.source == ip("10.2.0.1") && there.destination == ip("10.2.0.80"));
    RC_ASSERT(there.destination_port == 8080);
    RC_ASSERT(model.forward(client, there.source_port));

    PacketBuilder answers = transport(client.transport, payload / 2);
    answers.from("10.2.0.80", 8080).to("10.2.0.1", there.source_port);
    world.send(2, answers);
    RC_ASSERT(world.on_lan.size() == 1u);
    const SeenPacket back = world.on_lan[0];
    RC_ASSERT(back.checksums_right);
    RC_ASSERT(back.source == ip("10.99.0.80") && back.source_port == 80);
    RC_ASSERT(back.destination == ip(host) && back.destination_port == client.port);
}

// A path to `to` over up to two others, whoever they are.
PathSpec some_path(int nodes, int from, int to) {
    PathSpec out{{}, 10'000};
    const auto relays = *rc::gen::container<std::vector<int>>(2, rc::gen::inRange(1, nodes + 1));
    for (const int relay : relays) {
        if (relay != from && relay != to && std::ranges::find(out.nodes, relay) == out.nodes.end()) {
            out.nodes.push_back(relay);
        }
    }
    out.nodes.push_back(to);
    return out;
}

// Tables that no scheduler would make, each node's at odds with the others', and links of which one end or both say
// that they are dead: a packet is repaired once, so it has at most the segments before that and those of one more path.
void send_over_any_graph(TestWorld& world, int nodes, std::uint16_t port) {
    for (int from = 1; from <= nodes; ++from) {
        for (int to = 1; to <= nodes; ++to) {
            if (from != to) {
                world.route(from, to, {some_path(nodes, from, to), some_path(nodes, from, to)});
                world[from].set_link(TestWorld::slot(to), *rc::gen::inRange(0, 3) != 0);
            }
        }
    }
    world.publish();
    for (int from = 1; from <= nodes; ++from) {
        for (int to = 1; to <= nodes; ++to) {
            world.send(from, udp().from(fmt::format("10.{}.0.10", from), port).to(fmt::format("10.99.0.{}", to), 80));
            RC_ASSERT(world.on_wan.size() <= (kMaxSegments - 1) + kMaxSegments);
            RC_ASSERT(world.on_lan.size() <= 1u);
        }
    }
}

TEST(Overlay, NoPacketGoesRoundWhateverTheTablesSay) {
    constexpr int kNodes = 6;
    NodeOptions options;
    options.memory.flows = 4'096;
    TestWorld world{kNodes, Family::ipv4, options};
    for (int node = 1; node <= kNodes; ++node) {
        world.service(ServiceSpec{static_cast<std::uint32_t>(node)}
                          .at(fmt::format("10.99.0.{}", node))
                          .udp(80)
                          .egress(node)
                          .origin(fmt::format("10.{}.0.80", node)));
    }
    std::uint16_t port = 10'000;
    EXPECT_TRUE(rc::check([&] { send_over_any_graph(world, kNodes, ++port); }));
}

TEST(Nat, AgreesWithTheModelForAnyMixOfClients) {
    EXPECT_TRUE(rc::check([] {
        TestWorld world(2);
        world.service(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80", 8080))
            .service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80", 8080))
            .publish();
        NatModel model;
        const auto packets = *rc::gen::inRange(1, 40);
        for (int i = 0; i < packets; ++i) {
            run_mix(world, model);
        }
        RC_ASSERT(world[2].lcore().flows4.size() == model.ports().size());
    }));
}

TEST(Nat, AUdpChecksumOfZeroStaysZero) {
    TestWorld world(2);
    world.service(ServiceSpec{2}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80", 8080)).publish();
    world.send(1, udp().from("10.1.0.10", 40000).to("10.99.0.80", 80).without_checksum());
    ASSERT_EQ(world.on_lan.size(), 1u);
    EXPECT_EQ(world.on_lan[0].packet[26], 0);
    EXPECT_EQ(world.on_lan[0].packet[27], 0);
}

// Frames that come close to something: a good one with a few bytes changed, cut or grown.
class Garbage {
  public:
    explicit Garbage(std::uint32_t seed) : random_(seed) {
        const Bytes inner = udp(60).from("10.1.0.10", 40000).to("10.99.0.80", 80).bytes();
        OverlayPacket overlay{
            .inner = inner, .source = ip("192.0.2.1"), .destination = ip("192.0.2.2"), .sender = 1, .ingress = 1};
        OverlayPacket alive = overlay;
        alive.geneve_flags = 0xC0;
        alive.protocol = 0x88B5;
        alive.inner = keep_alive(10'000, 3, 5);
        OverlayPacket relayed = overlay;
        relayed.remaining[0] = 3;
        const MacAddress any = host_mac(ip("10.2.0.10"));
        good_ = {ethernet({}, any, inner),
                 ethernet({}, any, overlay.bytes()),
                 ethernet({}, any, alive.bytes()),
                 ethernet({}, any, relayed.bytes()),
                 ethernet({}, any, tcp_syn().from("10.2.0.10", 1).to("10.99.0.80", 80).mss(9000, 1).bytes()),
                 ethernet({}, any, tcp_data().from("10.2.0.80", 80).to("10.2.0.1", 40000).bytes()),
                 ethernet({}, any, echo_request().from("fd00:2::10", 4).to("fd00:99::80").bytes()),
                 arp_request(any, "10.2.0.10", "10.2.0.1"),
                 solicitation(any, "fd00:2::10", "fd00:2::1")};
    }
    Bytes next() {
        Bytes out = below(20) == 0 ? Bytes(below(200)) : good_[below(good_.size())];
        for (std::size_t changes = below(4); changes > 0 && !out.empty(); --changes) {
            out[below(out.size())] = static_cast<std::uint8_t>(below(256));
        }
        if (below(4) == 0) {
            out.resize(below(out.size() + 40));
        }
        return out;
    }
    std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_); }

  private:
    std::mt19937 random_;
    std::vector<Bytes> good_;
};

TEST(Frames, OfAnyBytesAreAccountedAndHarmNobody) {
    constexpr std::uint32_t kFrames = 100'000;
    const auto seed = static_cast<std::uint32_t>(testing::UnitTest::GetInstance()->random_seed());
    SCOPED_TRACE("seed " + std::to_string(seed) + "; repeat with --gtest_random_seed");
    TestWorld world(3);
    world.service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80"))
        .service(ServiceSpec{2}.at("10.99.0.80").tcp(80).egress(2).egress(1).origin("10.2.0.80"))
        .service(ServiceSpec{3}.at("fd00:99::80").echo().egress(1).origin("fd00:2::80"))
        .publish();
    Garbage garbage(seed);
    TestNode& node = world[2];
    Instant now = world.now;
    for (std::uint32_t i = 0; i < kFrames; ++i) {
        node.put(garbage.below(2) == 0 ? kLan : kWan, garbage.next());
        if (garbage.below(16) == 0) {
            now += std::chrono::milliseconds{1};
            node.round(now);  // checks the accounts
            node.take(kLan);
            node.take(kWan);
        }
    }
    // A round takes one burst from each port; chance may have left more than that.
    for (std::uint64_t before = 0; node.counters().rx != before;) {
        before = node.counters().rx;
        node.round(now);
        node.take(kLan);
        node.take(kWan);
    }
    EXPECT_EQ(node.counters().rx, kFrames + 2) << "with the two keep-alives of the start";
    // And it still works.
    EXPECT_EQ(world.send(2, tcp_syn().from("10.2.0.200", 1).to("10.99.0.80", 81)).size(), 1u);
}

}  // namespace
}  // namespace izar
