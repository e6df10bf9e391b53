#include "dataplane/security/key_schedule.h"

#include <gtest/gtest.h>

#include <set>

#include "dataplane/security/primitives.h"
#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

using namespace std::chrono_literals;

const Instant kStart{1000s};

Secret first_secret() {
    return secret_from_hex<32>(std::string(64, '5'));
}

std::vector<std::uint8_t> expanded(const Secret& secret, std::string_view label, std::size_t bytes) {
    std::vector<std::uint8_t> out(bytes);
    hkdf_expand(secret, {reinterpret_cast<const std::uint8_t*>(label.data()), label.size()}, out);
    return out;
}

TEST(KeyChain, IsWhatItsHeaderSays) {
    KeyChain chain(first_secret(), 3);
    Secret secret = first_secret();
    for (std::uint8_t epoch = 0; epoch < 40; ++epoch) {
        const TrafficKey key = chain.next();
        EXPECT_EQ(to_vector(key.key.view()), expanded(secret, "izar traffic key", 16));
        EXPECT_EQ(to_vector(key.salt), expanded(secret, "izar traffic salt", 4));
        EXPECT_EQ(key.epoch_byte, 3 << 5 | epoch % 32);
        const auto following = expanded(secret, "izar next epoch", 32);
        secret = Secret{std::span<const std::uint8_t, 32>{following.data(), 32}};
    }
}

TEST(KeyChain, NoTwoEpochsShareAKey) {
    KeyChain chain(first_secret(), 0);
    std::set<std::vector<std::uint8_t>> seen;
    for (int epoch = 0; epoch < 1000; ++epoch) {
        EXPECT_TRUE(seen.insert(to_vector(chain.next().key.view())).second);
    }
}

TEST(SendSchedule, MovesOnAfterTwoToThe32Packets) {
    SendSchedule send(first_secret(), 1, 500, kStart);
    EXPECT_FALSE(send.advance(500 + kRekeyPackets - 1, kStart + 1s));
    EXPECT_TRUE(send.advance(500 + kRekeyPackets, kStart + 1s));
    EXPECT_EQ(send.epoch(), 1u);
    EXPECT_EQ(send.key().epoch_byte, key_epoch_byte(1, 1));
    EXPECT_FALSE(send.advance(500 + kRekeyPackets + 1, kStart + 2s)) << "the count starts anew";
}

TEST(SendSchedule, MovesOnAfter120Seconds) {
    SendSchedule send(first_secret(), 1, 0, kStart);
    EXPECT_FALSE(send.advance(0, kStart + 120s - 1ns));
    EXPECT_TRUE(send.advance(0, kStart + 120s));
    EXPECT_FALSE(send.advance(0, kStart + 121s));
    EXPECT_TRUE(send.advance(0, kStart + 240s));
}

TEST(ReceiveSchedule, KnowsTheNextEpochAheadAndTheOldOneFor180Seconds) {
    ReceiveSchedule receive(first_secret(), 1);
    ASSERT_NE(receive.key(0), nullptr);
    ASSERT_NE(receive.key(1), nullptr);
    EXPECT_EQ(receive.key(2), nullptr);
    EXPECT_EQ(receive.key(3), nullptr);
    EXPECT_EQ(receive.next_place(), 1u);

    receive.advance(kStart);
    EXPECT_EQ(receive.newest(), 1u);
    EXPECT_NE(receive.key(2), nullptr);
    EXPECT_FALSE(receive.expire(kStart + 180s - 1ns));
    EXPECT_NE(receive.key(0), nullptr);
    EXPECT_TRUE(receive.expire(kStart + 180s));
    EXPECT_EQ(receive.key(0), nullptr);
    EXPECT_FALSE(receive.expire(kStart + 360s)) << "the epoch in use and the next do not expire";
    EXPECT_NE(receive.key(1), nullptr);
}

TEST(ReceiveSchedule, NothingExpiresWhileNobodyRekeys) {
    ReceiveSchedule receive(first_secret(), 1);
    EXPECT_FALSE(receive.expire(kStart + std::chrono::hours{24 * 365}));
    EXPECT_NE(receive.key(0), nullptr);
    EXPECT_NE(receive.key(1), nullptr);
}

// Both ends over days: the receiver moves when it sees a packet of the next epoch, one second late.
TEST(Schedules, FollowEachOtherForEver) {
    SendSchedule send(first_secret(), 6, 0, kStart);
    ReceiveSchedule receive(first_secret(), 6);
    std::uint64_t rekeys = 0;
    for (Instant now = kStart; now < kStart + 48h; now += 1s) {
        const TrafficKey* const match = receive.key(send.epoch() % kLiveEpochs);
        ASSERT_NE(match, nullptr);
        ASSERT_EQ(match->epoch_byte, send.key().epoch_byte);
        ASSERT_EQ(match->key, send.key().key);
        ASSERT_EQ(match->salt, send.key().salt);
        if (match->epoch_byte == receive.key(receive.next_place())->epoch_byte) {
            receive.advance(now);
        }
        receive.expire(now);
        rekeys += send.advance(0, now) ? 1 : 0;
    }
    EXPECT_EQ(rekeys, 48u * 3600 / 120 - 1);
}

}  // namespace
}  // namespace izar
