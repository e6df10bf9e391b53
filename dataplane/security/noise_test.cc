#include "dataplane/security/noise.h"

#include <gtest/gtest.h>

#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

// The published vector of this protocol in the collection of the Cacophony library (public domain).
constexpr std::string_view kPrologue = "4a6f686e2047616c74";
constexpr std::string_view kPsk = "54686973206973206d7920417573747269616e20706572737065637469766521";
constexpr std::string_view kInitiatorKey = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
constexpr std::string_view kResponderKey = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";
constexpr std::string_view kHandshakeHash = "9f3b1f9afd7767767b5b9d1069844a6154fdbdcc36dfb3e31c0fffc5c973d530";
constexpr std::string_view kFirstPayload = "4c756477696720766f6e204d69736573";
constexpr std::string_view kFirst =
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
    "7c37a89fc17813788d30df2d59501d6066f5f8aecc3406bbd9829f2d24a531b1";
constexpr std::string_view kSecondPayload = "4d757272617920526f746862617264";
constexpr std::string_view kSecond =
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088432f29d79368ef9de4e1ae7a362fb05bf0ad668e026bf5714554"
    "497b3a720461";
// The first transport messages of either direction prove the two secrets.
constexpr std::string_view kThirdPayload = "462e20412e20486179656b";
constexpr std::string_view kThird = "7c01e898a6201f36aecee532e29cd0b7f8ffa29d3366ad0dce39a6";
constexpr std::string_view kFourthPayload = "4361726c204d656e676572";
constexpr std::string_view kFourth = "a9ff535aace3db6a1da1a7fb00fe2de2622bb373abad9fb42c00e0";

class NoiseTest : public testing::Test {
  protected:
    std::vector<std::uint8_t> first_message(ByteView payload) {
        std::vector<std::uint8_t> out(payload.size() + kNoiseOverhead);
        initiator.write_first(key_pair_of(secret_from_hex<32>(kInitiatorKey)), payload, out);
        return out;
    }
    std::vector<std::uint8_t> second_message(ByteView payload) {
        std::vector<std::uint8_t> out(payload.size() + kNoiseOverhead);
        EXPECT_TRUE(responder.write_second(key_pair_of(secret_from_hex<32>(kResponderKey)), payload, out));
        return out;
    }
    Noise initiator{from_hex(kPrologue), secret_from_hex<32>(kPsk)};
    Noise responder{from_hex(kPrologue), secret_from_hex<32>(kPsk)};
    std::vector<std::uint8_t> payload = std::vector<std::uint8_t>(16);
};

TEST_F(NoiseTest, ThePublishedVector) {
    const auto first = first_message(from_hex(kFirstPayload));
    EXPECT_EQ(first, from_hex(kFirst));
    ASSERT_TRUE(responder.read_first(first, payload));
    EXPECT_EQ(payload, from_hex(kFirstPayload));

    const auto second = second_message(from_hex(kSecondPayload));
    EXPECT_EQ(second, from_hex(kSecond));
    payload.resize(15);
    ASSERT_TRUE(initiator.read_second(second, payload));
    EXPECT_EQ(payload, from_hex(kSecondPayload));
    EXPECT_EQ(to_vector(initiator.transcript()), from_hex(kHandshakeHash));
    EXPECT_EQ(initiator.transcript(), responder.transcript());

    const NoiseSecrets secrets = initiator.split();
    std::vector<std::uint8_t> sealed(27);
    seal_message(secrets.from_initiator, 0, {}, from_hex(kThirdPayload), sealed);
    EXPECT_EQ(sealed, from_hex(kThird));
    seal_message(secrets.from_responder, 0, {}, from_hex(kFourthPayload), sealed);
    EXPECT_EQ(sealed, from_hex(kFourth));
    EXPECT_EQ(secrets.from_initiator, responder.split().from_initiator);
    EXPECT_EQ(secrets.from_responder, responder.split().from_responder);
}

TEST_F(NoiseTest, AFlippedBitInTheFirstMessageIsNotAuthentic) {
    const auto first = first_message(payload);
    for (std::size_t bit = 0; bit < first.size() * 8; ++bit) {
        auto flipped = first;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
        Noise fork = responder;
        EXPECT_FALSE(fork.read_first(flipped, payload)) << bit;
    }
}

TEST_F(NoiseTest, AFlippedBitInTheSecondMessageIsNotAuthentic) {
    ASSERT_TRUE(responder.read_first(first_message(payload), payload));
    const auto second = second_message(payload);
    for (std::size_t bit = 0; bit < second.size() * 8; ++bit) {
        auto flipped = second;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
        Noise fork = initiator;
        EXPECT_FALSE(fork.read_second(flipped, payload)) << bit;
    }
    EXPECT_TRUE(initiator.read_second(second, payload));
}

TEST_F(NoiseTest, AnotherSecretOrAnotherPrologueIsNotAuthentic) {
    const auto first = first_message(payload);
    Noise other_secret{from_hex(kPrologue), secret_from_hex<32>(kResponderKey)};
    EXPECT_FALSE(other_secret.read_first(first, payload));
    Noise other_prologue{from_hex("00"), secret_from_hex<32>(kPsk)};
    EXPECT_FALSE(other_prologue.read_first(first, payload));
}

TEST_F(NoiseTest, AReplayedSecondMessageDoesNotFitANewAttempt) {
    ASSERT_TRUE(responder.read_first(first_message(payload), payload));
    const auto second = second_message(payload);
    Noise next{from_hex(kPrologue), secret_from_hex<32>(kPsk)};
    std::vector<std::uint8_t> out(payload.size() + kNoiseOverhead);
    next.write_first(key_pair_of(secret_from_hex<32>(kPsk)), payload, out);
    EXPECT_FALSE(next.read_second(second, payload));
}

}  // namespace
}  // namespace izar
