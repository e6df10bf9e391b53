// Encrypted links through the whole pipeline: what arrives, and every reason why something does not. A packet that is
// not accepted changes nothing at the node and draws no byte of an answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/pipeline/marked_handshake.h"
#include "tests/pipeline/test_world.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kSecret = "fleet " + std::string(64, '1') + "\n";
constexpr std::size_t kOverlayAt = 14 + 20 + 8;  // in a frame over IPv4
constexpr std::size_t kTextAt = kOverlayAt + 44;
constexpr std::size_t kTag = 16;

NodeOptions secured(std::uint8_t lcores = 1) {
    NodeOptions options;
    options.secrets = kSecret;
    options.lcores = lcores;
    return options;
}

PacketBuilder question(std::uint16_t port = 40000) {
    return udp(48).from("10.1.0.10", port).to("10.99.0.80", 80);
}
const Lines kArrived = {"2: udp 10.2.0.1:40000 > 10.2.0.80:80"};

bool contains(const Bytes& all, const Bytes& part) {
    return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

// Changes the outer lengths so that a frame over IPv4 that was cut is whole again, as an attacker would.
Bytes cut_to(Bytes frame, std::size_t size) {
    frame.resize(size);
    const auto set = [&](std::size_t at, std::size_t value) {
        frame[at] = static_cast<std::uint8_t>(value >> 8);
        frame[at + 1] = static_cast<std::uint8_t>(value);
    };
    set(14 + 2, size - 14);
    set(14 + 20 + 4, size - 14 - 20);
    set(14 + 10, 0);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2) {
        sum += static_cast<std::uint32_t>(frame[14 + i] << 8 | frame[15 + i]);
    }
    sum = (sum >> 16) + (sum & 0xFFFF);
    set(14 + 10, ~(sum + (sum >> 16)) & 0xFFFF);
    return frame;
}

// Clients at node 1, the origin at node 2, the attacker on the WAN between them.
class Authenticate : public testing::Test {
  protected:
    TestWorld world{3, Family::ipv4, secured()};

    void SetUp() override {
        world.service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80")).publish();
        world.send(1, question());  // the session at 2, so that nothing later depends on it
    }

    // A sealed frame from 1 to 2 that has not arrived.
    Bytes captured() {
        world.cut(1, 2);
        world.send(1, question());
        world.cut(1, 2, false);
        EXPECT_EQ(world.on_wan.size(), 1u);
        return world.on_wan.at(0).frame;
    }

    // Everything that a packet of a peer could change at node 2.
    using Marks = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::uint64_t, std::uint64_t>;
    Marks marks() {
        const LinkCell& cell = world[2].links().cell(TestWorld::slot(1));
        return {world[2].links().total(TestWorld::slot(1), &LinkCounters::received), cell.echo.load(),
                cell.last_heard.load(), cell.peer_sent.load(), world[2].counters().flows};
    }
    // Node 2 gets the frame on its WAN, drops it by this verdict, and nothing else happens anywhere.
    void expect_drop(const Bytes& frame, Verdict verdict) {
        const Marks before = marks();
        const std::uint64_t count = world[2].count(verdict);
        world.now += milliseconds{1};
        EXPECT_TRUE(world.send_frame(2, kWan, frame).empty());
        EXPECT_TRUE(world.on_wan.empty() && world.control.empty()) << "an answer";
        EXPECT_EQ(world[2].count(verdict), count + 1) << kVerdicts[static_cast<std::size_t>(verdict)].name;
        EXPECT_EQ(marks(), before);
    }
    // Lets time pass; the origin's MAC address stays known.
    void wait(Nanos span, Nanos step) {
        world.advance(span, step);
        world[2].know(kLan, ip("10.2.0.80"), host_mac(ip("10.2.0.80")), world.now);
    }
    void expect_accepted(const Bytes& frame) { EXPECT_EQ(world.send_frame(2, kWan, frame), kArrived); }
};

TEST_F(Authenticate, APacketOfThePeerArrivesOnce) {
    const Bytes frame = captured();
    expect_accepted(frame);
    expect_drop(frame, Verdict::replayed);
    world.advance(seconds{60}, milliseconds{5});
    expect_drop(frame, Verdict::replayed);
}

TEST_F(Authenticate, AReplayFromAnotherSourcePortIsOneStill) {
    Bytes frame = captured();
    expect_accepted(frame);
    frame[14 + 20] ^= 0x01;
    expect_drop(frame, Verdict::replayed);
}

TEST_F(Authenticate, NoFlippedBitIsAccepted) {
    const Bytes good = captured();
    for (std::size_t bit = kOverlayAt * 8; bit < good.size() * 8; ++bit) {
        Bytes bad = good;
        bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
        const Marks before = marks();
        const std::uint64_t dropped = world[2].counters().total(Fate::dropped);
        EXPECT_TRUE(world.send_frame(2, kWan, bad).empty()) << "bit " << bit;
        EXPECT_TRUE(world.on_wan.empty() && world.control.empty()) << "bit " << bit;
        EXPECT_EQ(world[2].counters().total(Fate::dropped), dropped + 1) << "bit " << bit;
        EXPECT_EQ(marks(), before) << "bit " << bit;
    }
    expect_accepted(good);
}

TEST_F(Authenticate, AWrongTagIsNamed) {
    Bytes frame = captured();
    frame.back() ^= 0x80;
    expect_drop(frame, Verdict::bad_tag);
    frame.back() ^= 0x80;
    expect_accepted(frame);
}

TEST_F(Authenticate, APlainPacketOfThePeersAddressIsForged) {
    const Bytes plain = OverlayPacket{.inner = question().bytes(),
                                      .source = ip("192.0.2.1"),
                                      .destination = ip("192.0.2.2"),
                                      .sender = 1,
                                      .ingress = 1}
                            .bytes();
    expect_drop(ethernet(port_mac(2, kWan), port_mac(1, kWan), plain), Verdict::bad_tag);
}

TEST_F(Authenticate, AnUnknownEpochIsNamed) {
    Bytes frame = captured();
    frame[kOverlayAt + 40] ^= 0x40;
    expect_drop(frame, Verdict::old_epoch);
}

TEST_F(Authenticate, NoTruncatedPacketIsAccepted) {
    const Bytes good = captured();
    for (std::size_t size = kOverlayAt; size < good.size(); ++size) {
        const bool header = size >= kTextAt;
        expect_drop(cut_to(good, size), header ? Verdict::bad_tag : Verdict::overlay_malformed);
    }
    expect_drop(Bytes(good.begin(), good.end() - 1), Verdict::truncated);
    EXPECT_EQ(cut_to(good, good.size()), good) << "the test's own arithmetic";
    expect_accepted(good);
}

TEST_F(Authenticate, AStrangerAndAPeerAtAStrangePlaceAreUnknown) {
    Bytes frame = captured();
    frame[kOverlayAt + 33] = 9;  // sender
    expect_drop(frame, Verdict::unknown_peer);
    frame[kOverlayAt + 33] = 3;  // a peer, but not at that address
    expect_drop(frame, Verdict::unknown_peer);
}

TEST_F(Authenticate, AnotherPeersPacketIsNotAccepted) {
    // Node 3's address and id on a packet of node 1: a link has its own keys.
    Bytes frame = captured();
    frame[14 + 15] = 3;
    frame[kOverlayAt + 33] = 3;
    frame = cut_to(frame, frame.size());  // the outer checksum anew
    expect_drop(frame, Verdict::bad_tag);
}

TEST_F(Authenticate, AHandshakeOfAStrangerIsNotAnswered) {
    OverlayPacket packet{.inner = marked_handshake(kSecret),
                         .source = ip("192.0.2.1"),
                         .destination = ip("192.0.2.2"),
                         .geneve_flags = 0xC0,
                         .protocol = 0x88B5,
                         .service = 0,
                         .sender = 1};
    Bytes frame = ethernet(port_mac(2, kWan), port_mac(1, kWan), packet.bytes());
    frame[kOverlayAt + 40] = 0xFF;
    const std::uint64_t refused = world[2].security().links().refused();
    Bytes unmarked = frame;
    unmarked[kTextAt + 5] ^= 1;
    expect_drop(unmarked, Verdict::bad_tag);
    EXPECT_TRUE(world.advance(milliseconds{20}).empty());
    EXPECT_EQ(world[2].security().links().refused(), refused) << "nobody looked at it";
    expect_drop(frame, Verdict::handshake);
    EXPECT_TRUE(world.advance(milliseconds{20}).empty());
    EXPECT_TRUE(world.control.empty() && world.on_wan.empty());
    EXPECT_EQ(world[2].security().links().refused(), refused + 1);
    expect_drop(cut_to(frame, frame.size() - 1), Verdict::control_malformed);
    for (std::size_t i = 0; i < kHandshakeParcels + 10; ++i) {
        world[2].put(kWan, frame);
    }
    for (int rounds = 0; rounds < 20; ++rounds) {
        world[2].round_of(0, world.now);
    }
    EXPECT_EQ(world[2].count(Verdict::handshake_rate), 10u);
}

TEST_F(Authenticate, ALinkWithoutASessionHasNoKey) {
    const Bytes frame = captured();
    world[2].security().links().replace(LinkSecrets{});
    world.settle();
    expect_drop(frame, Verdict::no_key);
    world[1].security().links().replace(LinkSecrets{});
    world.settle();
    EXPECT_TRUE(world.send(1, question()).empty());
    EXPECT_TRUE(world.on_wan.empty()) << "plaintext on the WAN";
    EXPECT_EQ(world[1].count(Verdict::no_key), 1u);
}

TEST_F(Authenticate, AFormerLifesPacketsAreNotAccepted) {
    const Bytes before = captured();
    world.restart(2);
    world.send(1, question());
    expect_drop(before, Verdict::old_epoch);
    const Bytes between = captured();
    world.restart(1);
    world.send(1, question());
    expect_drop(between, Verdict::old_epoch);
}

// Where two packets under one key had the same nonce, equal texts would give equal bytes.
TEST_F(Authenticate, NoNonceIsUsedTwiceUnderAKeyOverManyLives) {
    std::map<std::uint64_t, std::set<Bytes>> seen;  // by packet number
    std::uint64_t frames = 0;
    for (int life = 0; life < 20; ++life) {
        world.restart(1 + life % 2);
        for (int i = 0; i < 10; ++i) {
            world.send(1, question());
            ASSERT_EQ(world.on_wan.size(), 1u);
            const SeenPacket& seen_packet = world.on_wan[0];
            seen[seen_packet.overlay->packet_number].insert(
                Bytes(seen_packet.packet.begin(), seen_packet.packet.end() - kTag));
            ++frames;
        }
    }
    std::uint64_t different = 0;
    std::size_t most = 0;
    for (const auto& [number, texts] : seen) {
        different += texts.size();
        most = std::max(most, texts.size());
    }
    EXPECT_EQ(different, frames);
    EXPECT_GT(most, 5u) << "packet numbers were used again, in other lives";
}

TEST_F(Authenticate, KeysFollowEachOtherWithoutALoss) {
    std::set<std::uint8_t> epochs;
    for (int second = 0; second < 400; ++second) {
        ASSERT_EQ(world.send(1, question()), kArrived) << second;
        epochs.insert(world.on_wan.at(0).overlay->key_epoch);
        wait(seconds{1}, milliseconds{20});
    }
    EXPECT_EQ(epochs.size(), 4u);
}

TEST_F(Authenticate, ALinkThatWasCutForMinutesGetsNewKeys) {
    const auto cut = [&](bool is_cut) {
        world.cut(1, 2, is_cut);
        world.cut(2, 1, is_cut);
    };
    const std::uint64_t before = world[2].security().links().handshakes();
    cut(true);
    wait(seconds{300}, milliseconds{20});
    cut(false);
    // Nobody in this world answers for the underlay's MAC addresses, which were forgotten.
    world[1].know(kWan, ip("192.0.2.2"), port_mac(2, kWan), world.now);
    world[2].know(kWan, ip("192.0.2.1"), port_mac(1, kWan), world.now);
    wait(seconds{7}, milliseconds{2});
    EXPECT_EQ(world.send(1, question()), kArrived);
    EXPECT_GT(world[2].security().links().handshakes(), before);
}

TEST_F(Authenticate, SecretsAreReplacedWithoutALoss) {
    const std::string next = "fleet " + std::string(64, '2') + "\n";
    const std::uint64_t handshakes = world[1].security().links().handshakes();
    const auto carry_on = [&] {
        for (int i = 0; i < 300; ++i) {
            ASSERT_EQ(world.send(1, question()), kArrived);
            wait(milliseconds{10}, milliseconds{1});
        }
    };
    for (const std::string& step : {kSecret + next, next + kSecret, next}) {
        for (const int node : {2, 1, 3}) {
            ASSERT_TRUE(world[node].security().offer(LinkSecrets::parse(step, "test").value()));
            carry_on();
        }
    }
    EXPECT_GT(world[1].security().links().handshakes(), handshakes);
}

class AuthenticatePaths : public testing::TestWithParam<Family> {};

TEST_P(AuthenticatePaths, ARelayAuthenticatesAndSealsAnew) {
    TestWorld world(3, GetParam(), secured());
    world.service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(3).origin("10.3.0.80"))
        .route(1, 3, {{{2, 3}}, {{3}}})
        .route(3, 1, {{{2, 1}}, {{1}}})
        .publish();
    const Bytes payload = see(ethernet({}, {}, question().bytes())).payload;
    EXPECT_EQ(world.send(1, question()), Lines{"3: udp 10.3.0.1:40000 > 10.3.0.80:80"});
    EXPECT_EQ(world.on_lan[0].payload, payload);
    ASSERT_EQ(world.on_wan.size(), 2u);
    EXPECT_EQ(world.on_wan[0].text(), "1>2 via 3 service 1: sealed");
    EXPECT_EQ(world.on_wan[1].text(), "2>3 service 1: sealed");
    EXPECT_EQ(world.on_wan[0].packet.size(), question().bytes().size() + kTag);
    EXPECT_NE(world.on_wan[0].packet, world.on_wan[1].packet);
    for (const SeenPacket& packet : world.on_wan) {
        EXPECT_FALSE(contains(packet.frame, Bytes(payload.begin(), payload.begin() + 8)));
    }
    EXPECT_EQ(world.send(3, udp(20).from("10.3.0.80", 80).to("10.3.0.1", 40000)),
              Lines{"1: udp 10.99.0.80:80 > 10.1.0.10:40000"});
    ASSERT_EQ(world.on_wan.size(), 2u);
    EXPECT_EQ(world.on_wan[0].text().substr(0, 8), "3>2 via ");

    // What the relay does not believe goes no further.
    world.cut(1, 2);
    world.send(1, question());
    world.cut(1, 2, false);
    Bytes bad = world.on_wan.at(0).frame;
    bad.back() ^= 1;
    EXPECT_TRUE(world.send_frame(2, kWan, bad).empty());
    EXPECT_TRUE(world.on_wan.empty());
    EXPECT_EQ(world[2].count(Verdict::bad_tag), 1u);
}

INSTANTIATE_TEST_SUITE_P(Underlays, AuthenticatePaths, testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& info) { return info.param == Family::ipv4 ? "ipv4" : "ipv6"; });

TEST(AuthenticateLcores, PacketsAreOpenedWhereTheyComeAndHandedToTheirOwner) {
    TestWorld world(2, Family::ipv4, secured(2));
    world.service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80")).publish();
    for (std::uint16_t i = 0; i < 64; ++i) {
        const auto port = static_cast<std::uint16_t>(30000 + i);
        for (const std::size_t queue : {0u, 1u}) {
            EXPECT_EQ(world.send(1, {question(port)}, queue).size(), 1u);
            const std::uint16_t nat_port = world.on_lan.at(0).source_port;
            EXPECT_EQ(world.send(2, {udp().from("10.2.0.80", 80).to("10.2.0.1", nat_port)}, queue),
                      Lines{"1: udp 10.99.0.80:80 > 10.1.0.10:" + std::to_string(port)});
        }
    }
    for (const int node : {1, 2}) {
        EXPECT_GT(world[node].counters().handed_out, 0u);
        EXPECT_EQ(world[node].counters().handed_in, world[node].counters().handed_out);
    }
    // Two lcores seal under one key: their packet numbers never meet. And what one has accepted, the other knows.
    world.send(1, question());
    const Bytes again = world.on_wan.at(0).frame;
    world[2].put(kWan, again, 1);
    EXPECT_TRUE(world.settle().empty());
    EXPECT_EQ(world[2].count(Verdict::replayed), 1u);
}

}  // namespace
}  // namespace izar
