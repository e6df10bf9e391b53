// Every outcome of verdict.def is brought about by a packet. A verdict that has no recipe here fails the test.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "tests/pipeline/marked_handshake.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

using Recipe = std::function<std::uint64_t(Verdict)>;  // how often the verdict was counted

ServiceSpec web() {
    return ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80");
}
PacketBuilder question(std::uint16_t port = 40000) {
    return udp().from("10.1.0.10", port).to("10.99.0.80", 80);
}

// A world of three nodes, clients at 1 and the origin at 2; `run` brings the verdict about on the node it returns.
Recipe in_world(const ServiceSpec& spec, const NodeOptions& options, std::function<int(TestWorld&)> run) {
    return [=](Verdict verdict) {
        TestWorld world(3, Family::ipv4, options);
        world.checks = false;
        world.service(spec).publish();
        const int node = run(world);
        return world[node].count(verdict);
    };
}
Recipe in_world(std::function<int(TestWorld&)> run) {
    return in_world(web(), {}, std::move(run));
}

OverlayPacket from_peer(const PacketBuilder& inner) {
    return {
        .inner = inner.bytes(), .source = ip("192.0.2.1"), .destination = ip("192.0.2.2"), .sender = 1, .ingress = 1};
}

// A frame that node 1 gets on its LAN, or node 2 on its WAN as if from node 1.
Recipe on_lan(const Bytes& frame) {
    return in_world([=](TestWorld& world) {
        world.send_frame(1, kLan, frame);
        return 1;
    });
}
Recipe on_wan(const OverlayPacket& packet) {
    return in_world([=](TestWorld& world) {
        world[2].put(kWan, ethernet(port_mac(2, kWan), port_mac(1, kWan), packet.bytes()));
        world.settle();
        return 2;
    });
}
Recipe client_asks(const ServiceSpec& spec, const PacketBuilder& packet, int node, const NodeOptions& options = {}) {
    return in_world(spec, options, [=](TestWorld& world) {
        world.send(1, packet);
        return node;
    });
}

Bytes on_lan_of_1(const Bytes& packet) {
    return ethernet(port_mac(1, kLan), host_mac(ip("10.1.0.10")), packet);
}
Bytes with_byte(Bytes packet, std::size_t at, std::uint8_t value) {
    packet[at] = value;
    return packet;
}
OverlayPacket with(OverlayPacket packet, const std::function<void(OverlayPacket&)>& change) {
    change(packet);
    return packet;
}

int hold_packets(TestWorld& world, int packets) {
    world[2].forget(kLan, ip("10.2.0.80"));
    for (int i = 0; i < packets; ++i) {
        world.send(1, question());
    }
    return 2;
}

int reset_without_path(TestWorld& world) {
    world.send(1, tcp_syn().from("10.1.0.10", 40000).to("10.99.0.80", 80));
    world.route(1, 2, {}).publish();
    world.send(1, tcp(kTcpRst).from("10.1.0.10", 40000).to("10.99.0.80", 80));
    return 1;
}

int fill_neighbors(TestWorld& world) {
    for (int i = 0; i < static_cast<int>(kMaxNeighbors); ++i) {
        world[2].neighbors().insert(kLan, IpAddress{Ipv4Address{Be32{0x0B000000U + static_cast<std::uint32_t>(i)}}});
    }
    world[2].put(kWan, ethernet(port_mac(2, kWan), port_mac(1, kWan),
                                with(from_peer(udp().from("10.99.0.80", 80).to("10.2.0.99", 40000)), [](auto& p) {
                                    p.flags = kFlagReply;
                                }).bytes()));
    world.settle();
    return 2;
}

int overrun_transmit_queue(TestWorld& world) {
    world[2].take(kLan);
    for (int times = 0; times < 3; ++times) {
        for (std::uint16_t i = 0; i < 12; ++i) {
            world[2].put_packet(kLan, udp().from("10.2.0.10", 1000 + i).to("10.99.0.80", 80).bytes(), world.now);
        }
        world[2].round(world.now);
    }
    return 2;
}

int overrun_hand_over_ring(TestWorld& world) {
    for (std::uint16_t i = 0; i < 3000; ++i) {
        world[2].put_packet(kLan, udp().from("10.2.0.10", 2000 + i).to("10.99.0.80", 80).bytes(), world.now);
        world[2].round_of(0, world.now);
        world[2].take(kLan);
    }
    return 2;
}

// A node that answers probes of one address gets one from `sender`, with so many bytes.
Recipe is_probed(const char* sender, std::size_t bytes) {
    NodeOptions options;
    options.stamp_peers = {ip("10.1.0.10")};
    return in_world(web(), options, [=](TestWorld& world) {
        world.send_packet(1, kLan, udp(bytes).from(sender, 40000).to("10.1.0.1", 862).bytes());
        return 1;
    });
}

std::map<Verdict, Recipe> packet_and_flow_recipes() {
    using V = Verdict;
    std::map<Verdict, Recipe> out;
    out[V::keep_alive] = in_world([](TestWorld&) { return 1; });
    ServiceSpec twice = web();
    out[V::duplicate] = in_world(twice.twice(), {}, [](TestWorld& world) {
        world.route(1, 2, {{{2}}, {{3, 2}}}).publish();
        world.send(1, question());
        return 2;
    });
    out[V::neighbor_news] = on_lan(arp_reply(port_mac(1, kLan), host_mac(ip("10.1.0.10")), "10.1.0.10", "10.1.0.1"));
    out[V::truncated] = on_lan(Bytes(10));
    out[V::malformed] = on_lan(on_lan_of_1(with_byte(question().bytes(), 0, 0x44)));
    out[V::segmented] = in_world([](TestWorld& world) {
        world[1].put_in_two_buffers(kLan, on_lan_of_1(question().bytes()));
        world.settle();
        return 1;
    });
    out[V::not_for_us] = on_lan(on_lan_of_1(tcp_syn().from("10.1.0.10", 1).to("10.1.0.1", 22).bytes()));
    out[V::probe_stranger] = is_probed("10.1.0.11", 44);
    out[V::probe_malformed] = is_probed("10.1.0.10", 1);
    NodeOptions probing;
    probing.stamp_sessions = {{ip("10.1.0.10"), kStampPort, milliseconds{100}, 1, 0}};
    out[V::probe_answer] = in_world(web(), probing, [](TestWorld& world) {
        world.advance(milliseconds{200});
        world.send_packet(
            1, kLan,
            udp().from("10.1.0.10", kStampPort).to("10.1.0.1", kFirstStampSource).with_payload(Bytes(44)).bytes());
        return 1;
    });
    NodeOptions taps;
    taps.taps = true;
    out[V::exception_rate] = in_world(web(), taps, [](TestWorld& world) {
        for (int i = 0; i < 600; ++i) {
            world[1].put(kLan, on_lan_of_1(tcp_syn().from("10.1.0.10", 1).to("10.1.0.1", 22).bytes()));
        }
        world.settle();
        EXPECT_EQ(world[1].take(kLanTap).size(), 512u);
        return 1;
    });
    out[V::fragment] = on_lan(on_lan_of_1(question().fragment().bytes()));
    out[V::unsupported] = on_lan(on_lan_of_1(with_byte(question().bytes(), 9, 47)));
    out[V::no_service] = client_asks(web(), udp().from("10.1.0.10", 1).to("10.99.0.80", 81), 1);
    out[V::no_session] =
        in_world(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"), {}, [](TestWorld& world) {
            world.send(1, tcp(kTcpRst).from("10.1.0.10", 40000).to("10.99.0.80", 80));
            return 2;
        });
    out[V::no_egress] =
        client_asks(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2, 0).origin("10.2.0.80"), question(), 1);
    out[V::no_origin] = client_asks(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2), question(), 2);
    out[V::no_path] =
        in_world(ServiceSpec{1}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"), {}, reset_without_path);
    NodeOptions one_flow;
    one_flow.memory.flows = 1;
    out[V::flows_full] = in_world(web(), one_flow, [](TestWorld& world) {
        world.send(1, question(40000));
        world.send(1, question(40001));
        return 1;
    });
    NodeOptions no_egress_addresses;
    no_egress_addresses.egress_addresses = false;
    out[V::ports_exhausted] = client_asks(web(), question(), 2, no_egress_addresses);
    out[V::ttl_expired] = client_asks(web(), question().ttl(1), 2);
    out[V::too_big] = client_asks(web(), question().long_in_all(1413), 1);
    out[V::relay_too_big] = on_wan(with(from_peer(question().long_in_all(1413)), [](auto& p) { p.remaining[0] = 3; }));
    out[V::no_next_hop] =
        client_asks(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("172.16.0.1"), question(), 2);
    return out;
}

std::map<Verdict, Recipe> resource_and_overlay_recipes() {
    using V = Verdict;
    const OverlayPacket good = from_peer(question());
    std::map<Verdict, Recipe> out;
    out[V::unresolved] = in_world([](TestWorld& world) {
        const int node = hold_packets(world, 1);
        world.advance(kLongestHold + std::chrono::milliseconds{1}, std::chrono::milliseconds{50});
        return node;
    });
    out[V::neighbors_full] = in_world(fill_neighbors);
    out[V::hold_full] = in_world([](TestWorld& world) { return hold_packets(world, kMaxHeld + 1); });
    NodeOptions small_rings;
    small_rings.ring_size = 16;
    out[V::tx_full] = in_world(web(), small_rings, overrun_transmit_queue);
    NodeOptions two_lcores;
    two_lcores.lcores = 2;
    two_lcores.memory.flows = 8000;
    out[V::ring_full] = in_world(web(), two_lcores, overrun_hand_over_ring);
    out[V::overlay_malformed] = in_world([](TestWorld& world) {
        const Bytes short_one = udp(20).from("192.0.2.1", 50000).to("192.0.2.2", 6081).bytes();
        world.send_frame(2, kWan, ethernet(port_mac(2, kWan), port_mac(1, kWan), short_one));
        return 2;
    });
    out[V::unknown_peer] = on_wan(with(good, [](auto& p) { p.sender = 9; }));
    out[V::unknown_service] = on_wan(with(good, [](auto& p) { p.service = 77; }));
    out[V::control_malformed] = on_wan(with(good, [](auto& p) { p.geneve_flags = 0xC0; }));
    out[V::path_probe] = on_wan(with(good, [](auto& p) {
        p.inner = {3, 1, 0, 20, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
        p.geneve_flags = 0xC0;
        p.protocol = 0x88B5;
        p.service = 0;
    }));
    out[V::segment_loop] = on_wan(with(good, [](auto& p) { p.remaining[0] = 2; }));
    return out;
}

const std::string kSecret = "fleet " + std::string(64, '1') + "\n";

NodeOptions secured() {
    NodeOptions options;
    options.secrets = kSecret;
    return options;
}
Recipe on_secured_wan(const OverlayPacket& packet, int times = 1) {
    return in_world(web(), secured(), [=](TestWorld& world) {
        for (int i = 0; i < times; ++i) {
            world[2].put(kWan, ethernet(port_mac(2, kWan), port_mac(1, kWan), packet.bytes()));
        }
        for (int i = 0; i < times; i += kMaxBurst) {
            world[2].round_of(0, world.now);
        }
        return 2;
    });
}

std::map<Verdict, Recipe> security_recipes() {
    using V = Verdict;
    const OverlayPacket plain = from_peer(question());
    std::map<Verdict, Recipe> out;
    out[V::handshake] = in_world(web(), secured(), [](TestWorld&) { return 2; });
    out[V::handshake_rate] = on_secured_wan(with(plain,
                                                 [](auto& p) {
                                                     p.inner = marked_handshake(kSecret);
                                                     p.geneve_flags = 0xC0;
                                                     p.key_epoch = 0xFF;
                                                 }),
                                            kHandshakeParcels + 1);
    out[V::bad_tag] = on_secured_wan(plain);
    out[V::old_epoch] = on_secured_wan(with(plain, [](auto& p) {
        p.protocol = 0x88B5;
        p.key_epoch = 0xC3;
    }));
    out[V::no_key] = in_world(web(), secured(), [](TestWorld& world) {
        world[1].security().links().replace({});
        world.settle();
        world.send(1, question());
        return 1;
    });
    out[V::replayed] = in_world(web(), secured(), [](TestWorld& world) {
        world.send(1, question());
        world.send_frame(2, kWan, world.on_wan.at(0).frame);
        return 2;
    });
    return out;
}

TEST(Verdicts, EveryOneIsProducedByAPacket) {
    std::map<Verdict, Recipe> all = packet_and_flow_recipes();
    all.merge(resource_and_overlay_recipes());
    all.merge(security_recipes());
    for (std::size_t i = 0; i < kVerdictCount; ++i) {
        const Fate fate = kVerdicts[i].fate;
        if (fate != Fate::dropped && fate != Fate::consumed) {
            continue;  // counted as tx, handed_out and held: the tests below
        }
        SCOPED_TRACE(std::string(kVerdicts[i].name));
        const auto recipe = all.find(static_cast<Verdict>(i));
        ASSERT_NE(recipe, all.end()) << "no recipe produces this verdict";
        EXPECT_GT(recipe->second(recipe->first), 0u);
    }
}

TEST(Verdicts, SentIsCountedAsTransmitted) {
    TestWorld world(2);
    world.service(web()).publish();
    const std::uint64_t before = world[2].counters().tx;
    world.send(1, question());
    EXPECT_EQ(world[2].counters().tx, before + 1);
}

TEST(Verdicts, HeldIsAGaugeThatFallsWhenTheAnswerComes) {
    TestWorld world(2);
    world.service(web()).publish();
    EXPECT_EQ(hold_packets(world, 3), 2);
    EXPECT_EQ(world[2].counters().held, 3u);
    const Bytes answer = arp_reply(port_mac(2, kLan), host_mac(ip("10.2.0.80")), "10.2.0.80", "10.2.0.1");
    EXPECT_EQ(world.send_frame(2, kLan, answer).size(), 3u);
    EXPECT_EQ(world[2].counters().held, 0u);
}

TEST(Verdicts, HandedOverIsCountedOnBothSides) {
    NodeOptions options;
    options.lcores = 2;
    TestWorld world(2, Family::ipv4, options);
    world.service(web()).publish();
    for (std::uint16_t i = 0; i < 32; ++i) {
        world.send(1, question(static_cast<std::uint16_t>(40000 + i)));
    }
    const LcoreCounters counters = world[1].counters();
    EXPECT_GT(counters.handed_out, 0u);
    EXPECT_EQ(counters.handed_out, counters.handed_in);
}

}  // namespace
}  // namespace izar
