#include "dataplane/security/handshake_mark.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dataplane/base/random.h"
#include "dataplane/security/primitives.h"
#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

const Secret kOne = secret_from_hex<32>(std::string(64, '1'));
const Secret kOther = secret_from_hex<32>(std::string(64, '2'));

class HandshakeMarks : public testing::TestWithParam<AeadCode> {
  protected:
    void SetUp() override {
        aead->expand(mark_key_of(kOne), key);
        aead->expand(mark_key_of(kOther), other);
    }
    HandshakeMessage random_message() {
        HandshakeMessage out{};
        for (std::uint8_t& byte : out.noise) {
            byte = static_cast<std::uint8_t>(random.next());
        }
        return out;
    }
    Random random{3};
    std::unique_ptr<Aead> aead = Aead::make(GetParam()).value();
    AeadKey key;
    AeadKey other;
};

TEST_P(HandshakeMarks, OnlyTheSecretsOwnersCanPutOne) {
    for (int i = 0; i < 100; ++i) {
        HandshakeMessage message = random_message();
        EXPECT_FALSE(has_mark(message, key, *aead));
        put_mark(message, key, *aead);
        EXPECT_TRUE(has_mark(message, key, *aead));
        EXPECT_FALSE(has_mark(message, other, *aead));
    }
}

TEST_P(HandshakeMarks, FitNoChangedMessage) {
    HandshakeMessage message = random_message();
    put_mark(message, key, *aead);
    for (std::size_t bit = 0; bit < sizeof message * 8; ++bit) {
        HandshakeMessage changed = message;
        auto* const byte = reinterpret_cast<std::uint8_t*>(&changed) + bit / 8;
        *byte = static_cast<std::uint8_t>(*byte ^ (1u << (bit % 8)));
        EXPECT_FALSE(has_mark(changed, key, *aead)) << bit;
    }
}

// As the header says, by the other implementation of AES-GCM.
TEST_P(HandshakeMarks, AreTheSameForBothCodes) {
    const auto openssl = Aead::make(AeadCode::openssl).value();
    AeadKey same;
    openssl->expand(mark_key_of(kOne), same);
    HandshakeMessage message = random_message();
    put_mark(message, key, *aead);
    EXPECT_TRUE(has_mark(message, same, *openssl));
}

INSTANTIATE_TEST_SUITE_P(Codes, HandshakeMarks, testing::Values(AeadCode::best, AeadCode::openssl),
                         [](const auto& info) { return info.param == AeadCode::best ? "best" : "openssl"; });

}  // namespace
}  // namespace izar
