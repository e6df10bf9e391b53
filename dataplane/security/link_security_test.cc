#include "dataplane/security/link_security.h"

#include <gtest/gtest.h>

#include <set>

#include "dataplane/base/random.h"
#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

constexpr NodeSlot kPeer{1};  // each node's slot 0 is itself
using Text = std::vector<std::uint8_t>;

LinkSecrets secrets_of(const std::string& text) {
    return LinkSecrets::parse(text, "test").value();
}
const std::string kOld = "fleet " + std::string(64, '1') + "\n";
const std::string kNew = "fleet " + std::string(64, '2') + "\n";

// What a controller tells the ends of link 1-2: the secret of a generation, and at first the one before it.
Secret secret_of(std::uint8_t generation) {
    Secret out;
    out.writable()[0] = generation;
    return out;
}
LinkSecrets generation(std::uint8_t newest) {
    LinkSecrets out;
    out.set(NodeId{1}, NodeId{2}, secret_of(newest));
    return out;
}
LinkSecrets generation(std::uint8_t newest, std::uint8_t former) {
    LinkSecrets out;
    out.set(NodeId{1}, NodeId{2}, secret_of(newest), secret_of(former));
    return out;
}

struct Packet {
    std::uint8_t epoch_byte = 0;
    std::uint64_t number = 0;
    Text text;  // with its tag
};

// One node in one process life: the scheduler thread's part, and one lcore that seals and opens.
class Node {
  public:
    Node(std::uint16_t id, std::uint16_t peer, std::uint64_t seed) : random_(seed), aead_(Aead::make().value()) {
        HandshakeSelf self{NodeId{id}, {}, 1};
        const auto fill = [this](std::span<std::uint8_t> out) {
            for (auto& byte : out) {
                byte = static_cast<std::uint8_t>(random_.next());
            }
        };
        fill(self.boot);
        security = std::make_unique<LinkSecurity>(LinkSecurity::Parts{self,
                                                                      keys,
                                                                      *aead_,
                                                                      publisher_,
                                                                      {&received},
                                                                      {&to_send},
                                                                      [this](NodeSlot) { return sent_; },
                                                                      [this](NodeSlot) { return heard_; },
                                                                      fill});
        know({NodeId{id}, NodeId{peer}});
        security->replace(secrets_of(kOld));
    }

    // The fleet by slots, this node first.
    void know(const std::vector<NodeId>& ids) {
        Fleet fleet;
        fleet.nodes.resize(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
            fleet.nodes[i].id = ids[i];
        }
        fleet.self = NodeSlot{0};
        security->set_fleet(fleet);
    }

    void work(Instant now) {
        now_ = now;
        // A round looks at part of the links; all are looked at within a millisecond or two.
        for (std::size_t i = 0; i < kMaxNodes / LinkSecurity::kLinksARound; ++i) {
            security->do_work(thread_, now);
        }
    }
    // What an lcore does with a handshake message that came from the peer's address.
    bool take(const HandshakeMessage& message) {
        return keys.marked(kPeer, message, *aead_) && received.push({kPeer, message});
    }
    bool can_send() const { return keys.send(kPeer) != nullptr; }

    Packet seal() {
        const AeadKey* const key = keys.send(kPeer);
        CHECK(key != nullptr);
        Packet out{key->epoch_byte(), sent_++, Text(64 + kTagLength)};
        const AeadPacket one{key, out.number, kHeader.data(), out.text.data(), 44, 64};
        aead_->seal({&one, 1});
        return out;
    }
    bool open(Packet packet) {
        ReceiveKey* const key = keys.receive(kPeer, packet.epoch_byte);
        if (key == nullptr) {
            return false;
        }
        const AeadPacket one{&key->key, packet.number, kHeader.data(), packet.text.data(), 44, 64};
        bool authentic = false;
        aead_->open({&one, 1}, {&authentic, 1});
        if (!authentic || !key->windows->accept(packet.number)) {
            return false;
        }
        key->note_use();
        heard_.last = now_;
        return true;
    }
    void hear_every(Nanos interval) { heard_.interval = interval; }

    LinkKeys keys;
    HandshakeRing received;
    HandshakeRing to_send;
    std::unique_ptr<LinkSecurity> security;

  private:
    static constexpr std::array<std::uint8_t, 44> kHeader{};
    OnSched thread_ = OnSched::claim();
    Publisher publisher_{0};
    Random random_;
    std::unique_ptr<Aead> aead_;
    std::uint64_t sent_ = 0;
    Instant now_{};
    LinkSecurity::Heard heard_{};
};

class LinkSecurityTest : public testing::Test {
  protected:
    // Handshakes cross in a millisecond; `lossy` of a hundred are lost, and all that way while it is cut.
    void step() {
        now += 1ms;
        for (Node* const node : {a.get(), b.get()}) {
            if (node != stopped) {
                node->work(now);
            }
        }
        carry(*a, *b);
        carry(*b, *a);
    }
    void carry(Node& from, Node& to) {
        HandshakeParcel parcel;
        while (from.to_send.pop(parcel)) {
            if (arrives(from) && random.below(100) >= lossy && &to != stopped) {
                to.take(parcel.message);
            }
        }
    }
    bool arrives(const Node& from) const { return !(&from == a.get() ? a_to_b_cut : b_to_a_cut); }
    // One packet each way as soon as there is a key, as keep-alives do.
    void exchange() {
        for (const auto& [from, to] : {std::pair{a.get(), b.get()}, std::pair{b.get(), a.get()}}) {
            if (from->can_send() && from != stopped) {
                ++sent;
                const Packet packet = from->seal();
                arrived += arrives(*from) && to != stopped && to->open(packet) ? 1 : 0;
            }
        }
    }
    // After whatever happened: within the longest pause of handshakes both directions work, and go on working.
    void expect_healed() {
        run(kLongestRetry * 3 / 2);
        sent = arrived = 0;
        run(20s);
        EXPECT_GT(sent, 0u);
        EXPECT_EQ(arrived, sent);
        run(300s, 100ms);
        EXPECT_EQ(arrived, sent) << "and epochs go on";
    }
    void run(Nanos span, Nanos every = 10ms) {
        for (Nanos passed{0}; passed < span; passed += every) {
            now += every - 1ms;
            step();
            exchange();
        }
    }
    void connect() {
        run(5s);
        ASSERT_TRUE(a->can_send() && b->can_send());
        EXPECT_EQ(arrived, sent);
    }

    Instant now{1000s};
    Random random{5};
    unsigned lossy = 0;
    bool a_to_b_cut = false;
    bool b_to_a_cut = false;
    const Node* stopped = nullptr;  // neither works nor hears, as by SIGSTOP
    std::uint64_t sent = 0;
    std::uint64_t arrived = 0;
    std::unique_ptr<Node> a = std::make_unique<Node>(1, 2, 11);
    std::unique_ptr<Node> b = std::make_unique<Node>(2, 1, 22);
};

TEST_F(LinkSecurityTest, BothEndsGetKeysAndNothingIsLost) {
    EXPECT_FALSE(a->can_send());
    connect();
    run(10s);
    EXPECT_EQ(arrived, sent);
    EXPECT_EQ(a->keys.epoch(kPeer), 0);
}

TEST_F(LinkSecurityTest, HandshakesSurviveLoss) {
    lossy = 60;
    run(60s);
    EXPECT_TRUE(a->can_send() && b->can_send());
}

TEST_F(LinkSecurityTest, EpochsGoOnForHoursWithoutALoss) {
    connect();
    run(std::chrono::hours{3}, 500ms);
    EXPECT_EQ(arrived, sent);
    EXPECT_GE(a->keys.epoch(kPeer), 3 * 3600 / 121);
    EXPECT_EQ(a->security->handshakes() + b->security->handshakes(), 2u) << "all of it from one handshake";
}

TEST_F(LinkSecurityTest, AReplayIsNotAcceptedAndAnOldEpochExpires) {
    connect();
    const Packet replayed = a->seal();
    EXPECT_TRUE(b->open(replayed));
    EXPECT_FALSE(b->open(replayed));
    const Packet kept = a->seal();
    const Packet late = a->seal();
    run(200s, 100ms);
    EXPECT_TRUE(b->open(kept)) << "of the epoch before, less than 180 s old";
    run(120s, 100ms);
    EXPECT_FALSE(b->open(late)) << "accepted for 180 s only";
}

// kill -9 of either end: the other goes on sending until the handshake, and nothing of the former life is accepted.
TEST_F(LinkSecurityTest, ARestartedPeerBeginsAnew) {
    connect();
    std::vector<Packet> former;
    for (int i = 0; i < 100; ++i) {
        former.push_back(a->seal());
    }
    for (std::uint64_t life = 0; life < 10; ++life) {
        a = std::make_unique<Node>(1, 2, 100 + life);
        run(3s);
        ASSERT_TRUE(a->can_send() && b->can_send()) << life;
        sent = arrived = 0;
        run(1s);
        EXPECT_EQ(arrived, sent) << life;
        for (const Packet& packet : former) {
            EXPECT_FALSE(b->open(packet));
        }
        former.push_back(a->seal());
        b = std::make_unique<Node>(2, 1, 200 + life);
        run(3s);
        ASSERT_TRUE(a->can_send() && b->can_send()) << life;
        for (const Packet& packet : former) {
            EXPECT_FALSE(b->open(packet));
        }
    }
}

// Longer than two epochs: the sender has gone on by time alone, further than the receiver knows keys.
TEST_F(LinkSecurityTest, ALongPartitionHeals) {
    connect();
    a_to_b_cut = b_to_a_cut = true;
    run(300s, 100ms);
    a_to_b_cut = b_to_a_cut = false;
    expect_healed();
}

TEST_F(LinkSecurityTest, ALongLossInOneDirectionHeals) {
    connect();
    for (bool* const cut : {&a_to_b_cut, &b_to_a_cut}) {
        *cut = true;
        run(400s, 100ms);
        *cut = false;
        expect_healed();
    }
}

TEST_F(LinkSecurityTest, APeerThatStoodStillForMinutesComesBack) {
    connect();
    for (const Node* const node : {a.get(), b.get()}) {
        stopped = node;
        run(300s, 100ms);
        stopped = nullptr;
        expect_healed();
    }
}

// The link falls silent in the midst of a handshake: the initiator sends under the new session, and what it sends is
// lost until it has gone on to the session's second epoch.
TEST_F(LinkSecurityTest, AnAnswerIsConfirmedByALaterEpochToo) {
    while (!a->can_send() && !b->can_send()) {
        step();
    }
    Node& initiator = a->can_send() ? *a : *b;
    Node& responder = a->can_send() ? *b : *a;
    ASSERT_FALSE(responder.can_send());
    const Instant end = now + kRekeyAfter + 1s;
    while (now < end) {
        initiator.work(now += 1s);
        responder.work(now);
    }
    ASSERT_EQ(initiator.keys.epoch(kPeer), 1);
    EXPECT_TRUE(responder.open(initiator.seal()));
    responder.work(now += 1ms);
    ASSERT_TRUE(responder.can_send());
    EXPECT_TRUE(initiator.open(responder.seal()));
}

// Each attempt of a process life is answered once. A peer that is in the fleet again goes on counting where it was, and
// what was answered before it left is not answered again.
TEST_F(LinkSecurityTest, APeerThatLeftTheFleetAndIsBackIsAnswered) {
    b_to_a_cut = true;  // b answers all of them
    run(120s, 100ms);
    b_to_a_cut = false;
    run(5s);
    HandshakeParcel answered;
    a->know({NodeId{1}});
    run(1s);
    EXPECT_FALSE(a->can_send());
    a->know({NodeId{1}, NodeId{2}});
    a->work(now);
    ASSERT_TRUE(a->to_send.pop(answered));
    ASSERT_TRUE(b->take(answered.message));
    run(5s);
    ASSERT_TRUE(a->can_send());
    expect_healed();

    b->know({NodeId{2}});
    run(1s);
    b->know({NodeId{2}, NodeId{1}});
    run(5s);
    const std::uint64_t made = b->security->handshakes();
    ASSERT_TRUE(b->take(answered.message));
    run(1s);
    EXPECT_EQ(b->security->handshakes(), made) << "a message that was answered before";
    expect_healed();
}

TEST_F(LinkSecurityTest, APeerMayMoveToAnotherSlot) {
    connect();
    a->know({NodeId{1}, NodeId{9}, NodeId{2}});
    a->work(now += 1ms);
    HandshakeParcel parcel;
    EXPECT_FALSE(a->can_send());
    std::set<NodeSlot> begun;
    while (a->to_send.pop(parcel)) {
        begun.insert(parcel.link);
    }
    EXPECT_EQ(begun, (std::set{NodeSlot{1}, NodeSlot{2}}));
    a->know({NodeId{1}, NodeId{2}});
    expect_healed();
}

TEST_F(LinkSecurityTest, ASilenceThatIsUsualCausesNoHandshake) {
    connect();
    const std::uint64_t before = a->security->handshakes() + b->security->handshakes();
    run(100s, kLinkSilence - 1s);
    EXPECT_EQ(a->security->handshakes() + b->security->handshakes(), before);
    a->hear_every(60s);
    b->hear_every(60s);
    run(600s, 60s);
    EXPECT_EQ(a->security->handshakes() + b->security->handshakes(), before);
    EXPECT_EQ(arrived, sent);
}

// Somebody has recorded messages of a former life that were never answered. Sent again just when the new life was
// answered, they must not take its session away before it is confirmed.
TEST_F(LinkSecurityTest, AFormerLifesMessageTakesNoSessionAway) {
    connect();
    a_to_b_cut = true;
    std::vector<HandshakeMessage> recorded;
    for (const Instant end = now + 60s; now < end;) {
        a->work(now += 1s);
        HandshakeParcel parcel;
        while (a->to_send.pop(parcel)) {
            recorded.push_back(parcel.message);
        }
    }
    ASSERT_GE(recorded.size(), 5u);
    a_to_b_cut = false;
    for (std::uint64_t life = 0; life < 3; ++life) {
        a = std::make_unique<Node>(1, 2, 300 + life);
        a->work(now += 1ms);
        carry(*a, *b);
        b->work(now);  // answers
        ASSERT_TRUE(b->take(recorded[life]));
        b->work(now);
        run(10ms, 1ms);
        ASSERT_TRUE(a->can_send());
        sent = arrived = 0;
        run(1s);
        EXPECT_GT(sent, 0u);
        EXPECT_EQ(arrived, sent) << life;
    }
}

// The secret is replaced step by step on both ends while packets flow: none is lost, and the last step leaves a
// session under the new secret.
TEST_F(LinkSecurityTest, SecretsAreReplacedWithoutALoss) {
    connect();
    for (const std::string& text : {kOld + kNew, kNew + kOld, kNew}) {
        a->security->replace(secrets_of(text));
        run(2s);
        b->security->replace(secrets_of(text));
        run(2s);
    }
    EXPECT_EQ(arrived, sent);
    EXPECT_GE(a->security->handshakes(), 2u);
    run(300s, 100ms);
    EXPECT_EQ(arrived, sent) << "nor when the old session is dropped";
}

class FormerSecretTest : public LinkSecurityTest {
  protected:
    void SetUp() override {
        a->security->replace(generation(1));
        b->security->replace(generation(1));
        connect();
    }
    // Whether a handshake under the secret of a generation, begun by somebody who poses as b, gets a session of `a`,
    // that is: an answer, and its first packet taken.
    bool lets_in(std::uint8_t generation_known) {
        Node thief(2, 1, ++thieves);
        thief.security->replace(generation(generation_known));
        thief.work(now);
        carry(thief, *a);
        a->work(now);
        carry(*a, thief);
        thief.work(now);
        return thief.can_send() && a->open(thief.seal());
    }

    std::uint64_t thieves = 500;
};

TEST_F(FormerSecretTest, ThreeReplacementsCostNothingWhoeverHearsFirst) {
    for (std::uint8_t newest = 2; newest <= 4; ++newest) {
        Node& first = newest % 2 == 0 ? *a : *b;
        first.security->replace(generation(newest, newest - 1));
        run(3s);
        (&first == a.get() ? b : a)->security->replace(generation(newest, newest - 1));
        run(2s);
        EXPECT_FALSE(lets_in(newest - 1)) << "both ends have shown the new one; nobody needs to say so";
        a->security->replace(generation(newest));
        b->security->replace(generation(newest));
        run(1s);
    }
    EXPECT_EQ(arrived, sent);
    run(400s, 100ms);
    EXPECT_EQ(arrived, sent) << "nor when former sessions are dropped";
    EXPECT_FALSE(lets_in(1));
    EXPECT_FALSE(lets_in(3));
}

// One end's agent is away: it has the former secret for as long as that lasts, over restarts of either end.
TEST_F(FormerSecretTest, AnEndThatDoesNotHearOfItStaysConnected) {
    a->security->replace(generation(2, 1));
    run(600s, 100ms);
    EXPECT_EQ(arrived, sent);
    for (std::uint64_t life = 0; life < 3; ++life) {
        a = std::make_unique<Node>(1, 2, 600 + life);
        a->security->replace(generation(2, 1));
        run(1500ms);
        EXPECT_TRUE(a->can_send() && b->can_send()) << "the second attempt is under the former secret";
        b = std::make_unique<Node>(2, 1, 700 + life);
        b->security->replace(generation(1));
        run(1500ms);
        sent = arrived = 0;
        run(30s);
        EXPECT_GT(sent, 0u);
        EXPECT_EQ(arrived, sent) << life;
    }
    EXPECT_TRUE(lets_in(1)) << "that is what it costs";
    run(kLinkSilence * 2);  // b hears nothing, and makes a session of its own
    sent = arrived = 0;
    b->security->replace(generation(2, 1));
    run(6s);
    EXPECT_EQ(arrived, sent);
    EXPECT_FALSE(lets_in(1));
}

// An end that lacks several: the others keep for it the one that it has.
TEST_F(FormerSecretTest, AnEndMayLackMoreThanOne) {
    a->security->replace(generation(2, 1));
    run(5s);
    a->security->replace(generation(3, 1));
    run(400s, 100ms);
    b->security->replace(generation(3, 1));
    run(400s, 100ms);
    EXPECT_EQ(arrived, sent);
    EXPECT_FALSE(lets_in(1));
}

TEST_F(FormerSecretTest, AnAnswerUnderItCannotBeConfirmedLater) {
    a->security->replace(generation(2, 1));
    run(1s);
    Node thief(2, 1, 800);
    thief.security->replace(generation(1));
    thief.work(now);
    carry(thief, *a);
    a->work(now);
    carry(*a, thief);
    thief.work(now);
    ASSERT_TRUE(thief.can_send()) << "it was answered";
    b->security->replace(generation(2, 1));
    run(2s);
    EXPECT_FALSE(a->open(thief.seal()));
    run(10s);
    EXPECT_EQ(arrived, sent);
}

// Minutes of a link whose ends hear of new generations at any time, hours late too, while handshakes get lost: packets
// never do, and in the end no generation but the newest lets anybody in.
TEST_F(FormerSecretTest, NoOrderOfNewsCostsAPacket) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Random news(seed);
        random = Random(seed + 1);
        a = std::make_unique<Node>(1, 2, 3'000 + seed);
        b = std::make_unique<Node>(2, 1, 4'000 + seed);
        a->security->replace(generation(1));
        b->security->replace(generation(1));
        run(30s, 100ms);
        sent = arrived = 0;
        lossy = static_cast<unsigned>(news.below(60));
        std::uint8_t newest = 1;
        std::array<std::set<std::uint8_t>, 2> took{{{1}, {1}}};  // as the controller knows it
        const auto tell = [&](std::size_t end) {
            std::uint8_t both = 0;
            for (const std::uint8_t each : took[0]) {
                both = took[1].contains(each) ? each : both;
            }
            (end == 0 ? a : b)->security->replace(both < newest ? generation(newest, both) : generation(newest));
        };
        std::array<bool, 2> here{true, true};
        for (int event = 0; event < 30; ++event) {
            const std::size_t end = news.below(2);
            if (news.below(3) == 0) {
                run(10s);  // operators do not type faster than handshakes cross that network
                ++newest;
            }
            here[end] = !here[end] || news.below(3) > 0;
            if (here[end]) {
                tell(end);
                took[end].insert(newest);  // acknowledged
            }
            if (here[1 - end]) {
                tell(1 - end);  // what the other's acknowledgement changed
                took[1 - end].insert(newest);
            }
            run(news.below(4) == 0 ? Nanos{500s} : Nanos{std::chrono::milliseconds{10 + news.below(3'000)}}, 100ms);
            ASSERT_EQ(arrived, sent) << "seed " << seed << ", event " << event;
        }
        lossy = 0;
        for (const std::size_t end : {0U, 1U, 0U}) {
            took[end].insert(newest);
            tell(end);
            run(6s, 100ms);
        }
        ASSERT_EQ(arrived, sent) << "seed " << seed;
        for (std::uint8_t former = 1; former < newest; ++former) {
            ASSERT_FALSE(lets_in(former)) << "seed " << seed;
        }
    }
}

TEST_F(LinkSecurityTest, AnAnswerUnderAWithdrawnSecretCannotBeConfirmedLater) {
    a->security->replace(secrets_of(kNew + kOld));
    b->security->replace(secrets_of(kNew + kOld));
    connect();
    Node thief(2, 1, 801);
    thief.work(now);
    carry(thief, *a);
    a->work(now);
    carry(*a, thief);
    thief.work(now);
    ASSERT_TRUE(thief.can_send());
    a->security->replace(secrets_of(kNew));
    a->work(now += 1ms);
    EXPECT_FALSE(a->open(thief.seal()));
}

// Somebody who does not see the link, but knows both addresses: junk gets into no ring and keeps no handshake out.
TEST_F(LinkSecurityTest, JunkFromThePeersAddressKeepsNoHandshakeOut) {
    std::uint64_t passed = 0;
    const auto throw_junk = [&](std::uint8_t number) {
        for (Node* const node : {a.get(), b.get()}) {
            HandshakeMessage junk{};
            junk.kind = ControlKind::handshake;
            junk.version = kControlVersion;
            junk.length = Be16{sizeof junk};
            junk.number = number;
            for (std::uint8_t& byte : junk.noise) {
                byte = static_cast<std::uint8_t>(random.next());
            }
            passed += node->take(junk) ? 1 : 0;
        }
    };
    for (int life = 0; life < 3; ++life) {
        a = std::make_unique<Node>(1, 2, 33 + static_cast<std::uint64_t>(life));
        const Instant end = now + 10s;
        while (now < end && !(a->can_send() && b->can_send())) {
            for (std::uint8_t i = 0; i < 5; ++i) {
                throw_junk(1 + i % 2);
            }
            step();
            exchange();
        }
        EXPECT_LT(now, end) << life;
    }
    EXPECT_EQ(passed, 0u);
}

// Somebody who sees the link and sends its messages again has marks that are right. What that costs is bounded.
TEST_F(LinkSecurityTest, MessagesSentAgainAreReadSeldom) {
    a->work(now);
    b->work(now);
    HandshakeParcel recorded;
    ASSERT_TRUE(a->to_send.pop(recorded));
    ASSERT_TRUE(b->take(recorded.message));
    std::uint64_t sent_again = 0;
    for (const Instant end = now + 2s; now < end;) {
        for (int i = 0; i < 5; ++i) {
            sent_again += b->take(recorded.message) ? 1 : 0;
        }
        step();
    }
    EXPECT_EQ(sent_again, 10'000u);
    EXPECT_GE(b->security->refused(), 9'999u);
    run(10s);
    EXPECT_TRUE(a->can_send() && b->can_send()) << "as soon as it ends at the latest";
}

TEST_F(LinkSecurityTest, ALinkWithoutASecretLosesItsKeysAtOnce) {
    connect();
    const Packet packet = b->seal();
    a->security->replace(secrets_of("link 1 9 " + std::string(64, '3')));
    a->work(now += 1ms);
    EXPECT_FALSE(a->can_send());
    EXPECT_FALSE(a->open(packet));
}

TEST_F(LinkSecurityTest, AStrangerGetsNoSessionAndNoAnswer) {
    connect();
    Node stranger(1, 2, 77);
    stranger.security->replace(secrets_of(kNew));
    stranger.work(now);
    HandshakeParcel parcel;
    ASSERT_TRUE(stranger.to_send.pop(parcel));
    EXPECT_FALSE(b->take(parcel.message));
    // Not even with a mark.
    ASSERT_TRUE(b->received.push({kPeer, parcel.message}));
    b->work(now);
    EXPECT_FALSE(b->to_send.pop(parcel));
    EXPECT_EQ(b->security->refused(), 1u);
    run(1s);
    EXPECT_EQ(arrived, sent);
}

// Both begin at the same moment, over and over: they settle on one session that works both ways for long.
TEST_F(LinkSecurityTest, CrossingHandshakesSettle) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        a = std::make_unique<Node>(1, 2, 1'000 + seed);
        b = std::make_unique<Node>(2, 1, 2'000 + seed);
        lossy = 40;
        run(20s);
        lossy = 0;
        run(10s);
        sent = arrived = 0;
        run(400s, 1s);
        EXPECT_GT(sent, 0u);
        EXPECT_EQ(arrived, sent) << seed;
    }
}

}  // namespace
}  // namespace izar
