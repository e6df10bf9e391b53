#include "dataplane/security/handshake.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "dataplane/base/random.h"
#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

const Secret kOld = secret_from_hex<32>(std::string(64, '1'));
const Secret kNew = secret_from_hex<32>(std::string(64, '2'));

AcceptedSecrets accept(std::initializer_list<Secret> secrets) {
    AcceptedSecrets out;
    for (const Secret& each : secrets) {
        EXPECT_TRUE(out.add(each));
    }
    return out;
}

ByteView bytes_of(const HandshakeMessage& message) {
    return {reinterpret_cast<const std::uint8_t*>(&message), sizeof message};
}

Hash hash_of(const Secret& secret) {
    return sha256(secret.view());
}

// One end in one process life.
struct End {
    End(std::uint16_t node, std::uint16_t peer, std::uint8_t boot, std::uint64_t seed)
        : random(seed), handshake({NodeId{node}, boot_id(boot), 2}, NodeId{peer}) {
        handshake.set_secrets(accept({kOld}));
        fill = [this](std::span<std::uint8_t> out) {
            for (auto& byte : out) {
                byte = static_cast<std::uint8_t>(random.next());
            }
        };
    }
    static BootId boot_id(std::uint8_t boot) {
        BootId out;
        out.fill(boot);
        return out;
    }
    std::optional<HandshakeMessage> tick() { return handshake.tick(in_use, now, fill); }
    HandshakeOutcome receive(const HandshakeMessage& message) { return receive(bytes_of(message)); }
    HandshakeOutcome receive(ByteView message) {
        HandshakeOutcome out = handshake.receive(message, in_use, now, fill);
        if (out.session) {
            session = out.session;
            in_use = static_cast<std::uint8_t>(in_use | 1u << session->number);
        }
        return out;
    }
    Random random;
    RandomFill fill;
    Handshake handshake;
    std::optional<Session> session;
    std::uint8_t in_use = 0;
    Instant now{1000s};
};

bool agree(const End& a, const End& b) {
    return a.session && b.session && a.session->send == b.session->receive && a.session->receive == b.session->send &&
           a.session->number == b.session->number;
}

// Lets `a` begin and both finish.
void connect(End& a, End& b) {
    a.handshake.want(a.now);
    const auto first = a.tick();
    ASSERT_TRUE(first);
    const HandshakeOutcome answer = b.receive(*first);
    ASSERT_EQ(answer.read, HandshakeRead::answered);
    ASSERT_EQ(a.receive(*answer.answer).read, HandshakeRead::established);
    b.handshake.satisfied(b.session->peer_boot);
}

TEST(Handshake, TwoMessagesGiveBothEndsTheSameSession) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    connect(a, b);
    EXPECT_TRUE(agree(a, b));
    EXPECT_FALSE(a.session->send == a.session->receive);
    EXPECT_TRUE(a.session->initiator);
    EXPECT_FALSE(b.session->initiator);
    EXPECT_EQ(a.session->peer_boot, End::boot_id(0xB1));
    EXPECT_EQ(b.session->peer_boot, End::boot_id(0xA1));
    EXPECT_EQ(b.session->peer_lcores, 2);
    EXPECT_EQ(a.tick(), std::nullopt) << "satisfied";
}

TEST(Handshake, EachSessionHasKeysAndANumberOfItsOwn) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    std::set<Hash> keys;
    for (int i = 0; i < 100; ++i) {
        connect(a, b);
        ASSERT_TRUE(agree(a, b));
        EXPECT_TRUE(keys.insert(hash_of(a.session->send)).second);
        EXPECT_TRUE(keys.insert(hash_of(a.session->receive)).second);
        // The former sessions are old on both ends, up to three of them known.
        const auto newest = static_cast<std::uint8_t>(1u << a.session->number);
        a.in_use = static_cast<std::uint8_t>(newest | (i % 3 == 0 ? 0 : 0x05));
        b.in_use = static_cast<std::uint8_t>(newest | (i % 2 == 0 ? 0 : 0x18));
        a.now += 1s;
        b.now += 1s;
    }
}

// Even with the same ephemeral keys, which good randomness never gives.
TEST(Handshake, BootIdsEnterTheKeys) {
    std::set<Hash> keys;
    for (const auto& [boot, peer_boot] : {std::pair{0xA1, 0xB1}, {0xA2, 0xB1}, {0xA1, 0xB2}}) {
        End a(1, 2, static_cast<std::uint8_t>(boot), 1);
        End b(2, 1, static_cast<std::uint8_t>(peer_boot), 2);
        connect(a, b);
        ASSERT_TRUE(agree(a, b));
        EXPECT_TRUE(keys.insert(hash_of(a.session->send)).second);
        EXPECT_TRUE(keys.insert(hash_of(a.session->receive)).second);
    }
}

TEST(Handshake, AStrangerGetsNoAnswer) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.set_secrets(accept({kNew}));
    a.handshake.want(a.now);
    const HandshakeOutcome out = b.receive(*a.tick());
    EXPECT_EQ(out.read, HandshakeRead::stranger);
    EXPECT_FALSE(out.answer);
    EXPECT_FALSE(out.session);
}

// With one secret for the fleet, node 3 cannot pass for node 1, nor lead node 1 to node 3.
TEST(Handshake, NodeIdsAreAuthenticated) {
    End a(1, 2, 0xA1, 1);
    End third(3, 1, 0xC1, 2);
    End b_for_third(2, 3, 0xB1, 3);
    a.handshake.want(a.now);
    const auto first = a.tick();
    EXPECT_EQ(third.receive(*first).read, HandshakeRead::stranger);
    EXPECT_EQ(b_for_third.receive(*first).read, HandshakeRead::stranger);
}

TEST(Handshake, NoFlippedBitIsAnswered) {
    End a(1, 2, 0xA1, 1);
    a.handshake.want(a.now);
    const auto first = a.tick();
    for (std::size_t bit = 0; bit < sizeof(HandshakeMessage) * 8; ++bit) {
        if (bit / 8 >= 5 && bit / 8 < 8) {
            continue;  // the mark, which lcores have looked at
        }
        End b(2, 1, 0xB1, 2);
        HandshakeMessage flipped = *first;
        auto* const byte = reinterpret_cast<std::uint8_t*>(&flipped) + bit / 8;
        *byte = static_cast<std::uint8_t>(*byte ^ (1u << (bit % 8)));
        const HandshakeOutcome out = b.receive(flipped);
        EXPECT_FALSE(out.answer || out.session) << bit;
    }
}

TEST(Handshake, ShortAndForeignMessagesAreMalformed) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    const auto first = a.tick();
    for (std::size_t length = 0; length < sizeof(HandshakeMessage); ++length) {
        EXPECT_EQ(b.receive(bytes_of(*first).first(length)).read, HandshakeRead::malformed);
    }
    EXPECT_EQ(b.receive(*first).read, HandshakeRead::answered) << "none of them cost anything";
}

TEST(Handshake, AFirstMessageIsAnsweredOnce) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    const auto first = a.tick();
    a.now += 10s;
    const auto second = a.tick();
    EXPECT_EQ(b.receive(*second).read, HandshakeRead::answered);
    EXPECT_EQ(b.receive(*second).read, HandshakeRead::replayed);
    EXPECT_EQ(b.receive(*first).read, HandshakeRead::replayed) << "older than what was answered";
}

TEST(Handshake, AMessageToAFormerLifeIsNotAnswered) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    connect(a, b);
    a.handshake.want(a.now);
    const auto recorded = a.tick();  // it knows b's boot id
    End b_again(2, 1, 0xB2, 3);
    EXPECT_EQ(b_again.receive(*recorded).read, HandshakeRead::replayed);
}

TEST(Handshake, RestartedPeersConnectAgain) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    connect(a, b);
    const Session before = *a.session;
    for (std::uint8_t life = 0; life < 20; ++life) {
        End b_again(2, 1, static_cast<std::uint8_t>(0xC0 + life), 100u + life);
        b_again.now = a.now += 2s;
        connect(b_again, a);
        EXPECT_TRUE(agree(a, b_again));
        EXPECT_FALSE(a.session->send == before.send);
        a.in_use = static_cast<std::uint8_t>(1u << a.session->number);
    }
}

// A recorded answer does not fit the attempt of another life or another try.
TEST(Handshake, ARecordedAnswerIsWorthNothing) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    const HandshakeOutcome answer = b.receive(*a.tick());
    a.now += 1s;
    ASSERT_TRUE(a.tick());
    EXPECT_EQ(a.receive(*answer.answer).read, HandshakeRead::stranger);
    EXPECT_FALSE(a.session);
    End a_again(1, 2, 0xA2, 3);
    EXPECT_EQ(a_again.receive(*answer.answer).read, HandshakeRead::unexpected);
}

TEST(Handshake, AForgedAnswerDoesNotSpoilTheAttempt) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    const HandshakeOutcome answer = b.receive(*a.tick());
    HandshakeMessage forged = *answer.answer;
    forged.noise[50] ^= 1;
    EXPECT_EQ(a.receive(forged).read, HandshakeRead::stranger);
    EXPECT_EQ(a.receive(*answer.answer).read, HandshakeRead::established);
    EXPECT_TRUE(agree(a, b));
}

TEST(Handshake, WhenBothBeginTheLowerIdGoesFirst) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    b.handshake.want(b.now);
    const auto from_a = a.tick();
    const auto from_b = b.tick();
    EXPECT_EQ(a.receive(*from_b).read, HandshakeRead::collision);
    const HandshakeOutcome answer = b.receive(*from_a);
    ASSERT_EQ(answer.read, HandshakeRead::answered);
    EXPECT_EQ(a.receive(*answer.answer).read, HandshakeRead::established);
    EXPECT_TRUE(agree(a, b));
}

TEST(Handshake, RepeatsWithBackOff) {
    End a(1, 2, 0xA1, 1);
    a.handshake.want(a.now);
    const Instant start = a.now;
    std::vector<Nanos> gaps;
    Instant last = start;
    for (; a.now < start + 60s; a.now += 1ms) {
        if (a.tick()) {
            gaps.push_back(a.now - last);
            last = a.now;
        }
    }
    EXPECT_EQ(gaps[0], 0ms);
    for (std::size_t i = 1; i < gaps.size(); ++i) {
        const Nanos nominal = std::min<Nanos>(kFirstRetry * (1 << std::min<std::size_t>(i - 1, 3)), kLongestRetry);
        EXPECT_GE(gaps[i], nominal * 3 / 4);
        EXPECT_LE(gaps[i], nominal * 5 / 4 + 1ms);
    }
    EXPECT_GE(gaps.size(), 13u);
    EXPECT_LE(gaps.size(), 22u);
}

TEST(Handshake, JunkUsesNothingUp) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    HandshakeMessage garbage{};
    garbage.kind = ControlKind::handshake;
    garbage.version = kControlVersion;
    garbage.length = Be16{sizeof(HandshakeMessage)};
    garbage.number = 1;
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(b.receive(garbage).read, HandshakeRead::stranger);
    }
    a.handshake.want(a.now);
    const auto first = a.tick();
    EXPECT_EQ(b.receive(*first).read, HandshakeRead::answered);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(b.receive(*first).read, HandshakeRead::replayed);
    }
    a.now += 10s;
    connect(a, b);
}

// Somebody with the secret cannot make us agree on keys all the time.
TEST(Handshake, AnswersABoundedNumberOfMessages) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    const auto answers = [&] {
        unsigned out = 0;
        for (unsigned i = 0; i < 2 * kMostAnswers; ++i) {
            a.now += kLongestRetry * 2;  // a's clock only
            const auto first = a.tick();
            b.in_use = 0;
            out += b.receive(*first).read == HandshakeRead::answered ? 1 : 0;
        }
        return out;
    };
    EXPECT_EQ(answers(), kMostAnswers);
    b.now += 1s;
    EXPECT_EQ(answers(), kMostAnswers);
}

// The roll-over of a secret: at no step are the two ends without a secret in common.
TEST(Handshake, SecretsAreReplacedStepByStep) {
    const std::vector<AcceptedSecrets> steps = {accept({kOld}), accept({kOld, kNew}), accept({kNew, kOld}),
                                                accept({kNew})};
    for (std::size_t i = 0; i < steps.size(); ++i) {
        for (std::size_t k = i == 0 ? 0 : i - 1; k <= std::min(i + 1, steps.size() - 1); ++k) {
            End a(1, 2, 0xA1, 1);
            End b(2, 1, 0xB1, 2);
            a.handshake.set_secrets(steps[i]);
            b.handshake.set_secrets(steps[k]);
            connect(a, b);
            EXPECT_TRUE(agree(a, b)) << i << k;
            EXPECT_EQ(a.session->under, steps[i].secret[0]);
        }
    }
}

// The peer does not have the first secret: with a session that works the link can wait for it, without one it cannot.
TEST(Handshake, EveryOtherAttemptIsUnderTheSecondSecretWhereAnyWillDo) {
    for (const Under under : {Under::first, Under::any}) {
        End a(1, 2, 0xA1, 1);
        End b(2, 1, 0xB1, 2);
        a.handshake.set_secrets(accept({kNew, kOld}));
        a.handshake.want(a.now, under);
        std::vector<HandshakeRead> read;
        for (int i = 0; i < 4; ++i) {
            read.push_back(b.receive(*a.tick()).read);
            a.now += 10s;
        }
        const auto second = under == Under::any ? HandshakeRead::answered : HandshakeRead::stranger;
        EXPECT_EQ(read, (std::vector{HandshakeRead::stranger, second, HandshakeRead::stranger, second}));
    }
}

TEST(Handshake, AnAttemptUnderAWithdrawnSecretIsGivenUp) {
    End a(1, 2, 0xA1, 1);
    End b(2, 1, 0xB1, 2);
    a.handshake.want(a.now);
    const HandshakeOutcome answer = b.receive(*a.tick());
    a.handshake.set_secrets(accept({kNew}));
    EXPECT_EQ(a.receive(*answer.answer).read, HandshakeRead::unexpected);
    a.handshake.set_secrets({});
    a.now += 10s;
    EXPECT_EQ(a.tick(), std::nullopt) << "no secret, no attempt";
}

// A bad network between two ends that both want a session, with restarts: they always end up with one session, and no
// session secret is ever seen twice.
TEST(Handshake, EndsInAgreementOverALossyNetwork) {
    struct Flying {
        Instant arrives;
        bool to_a;
        HandshakeMessage message;
    };
    std::set<Hash> seen;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Random random{seed};
        const Nanos travel = std::chrono::milliseconds{1 + random.below(200)};
        End a(1, 2, 0xA1, seed * 2);
        End b(2, 1, 0xB1, seed * 2 + 1);
        std::deque<Flying> wire;
        const auto send = [&](bool to_a, const HandshakeMessage& message, Instant now) {
            for (unsigned copies = random.below(10) == 0 ? 2 : random.below(10) < 3 ? 0 : 1; copies > 0; --copies) {
                wire.push_back({now + travel + std::chrono::milliseconds{random.below(50)}, to_a, message});
            }
        };
        a.handshake.want(a.now);
        b.handshake.want(b.now);
        const Instant end = a.now + 60s;
        while (a.now < end && (a.handshake.wanted() || b.handshake.wanted())) {
            a.now = b.now += 1ms;
            for (End* const one : {&a, &b}) {
                if (const auto message = one->tick()) {
                    send(one == &b, *message, one->now);
                }
            }
            std::vector<Flying> arrived;
            for (std::size_t i = 0; i < wire.size();) {
                if (wire[i].arrives <= a.now) {
                    arrived.push_back(wire[i]);
                    wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(i));
                } else {
                    ++i;
                }
            }
            for (const Flying& each : arrived) {
                End& to = each.to_a ? a : b;
                End& from = each.to_a ? b : a;
                const HandshakeOutcome out = to.receive(each.message);
                if (out.answer) {
                    to.in_use = static_cast<std::uint8_t>(1u << out.session->number);
                    send(!each.to_a, *out.answer, to.now);
                } else if (out.read == HandshakeRead::established) {
                    EXPECT_TRUE(seen.insert(hash_of(out.session->send)).second);
                    // Its first packet reaches the responder if that still knows the session.
                    if (agree(to, from)) {
                        from.handshake.satisfied(from.session->peer_boot);
                    } else {
                        to.handshake.want(to.now);
                    }
                }
            }
        }
        EXPECT_TRUE(agree(a, b)) << "seed " << seed;
        EXPECT_LT(a.now, end) << "seed " << seed;
    }
}

}  // namespace
}  // namespace izar
