#include "dataplane/security/aead.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <memory>

#include "dataplane/base/check.h"
#include "dataplane/base/random.h"
#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

using Text = std::vector<std::uint8_t>;

constexpr std::size_t kAssociated = sizeof(OverlayHeader);

TrafficKey random_key(Random& random) {
    TrafficKey out;
    for (auto& byte : out.key.writable()) {
        byte = static_cast<std::uint8_t>(random.next());
    }
    for (auto& byte : out.salt) {
        byte = static_cast<std::uint8_t>(random.next());
    }
    return out;
}

Text random_text(Random& random, std::size_t length) {
    Text out(length);
    for (auto& byte : out) {
        byte = static_cast<std::uint8_t>(random.next());
    }
    return out;
}

// What OpenSSL makes of the same packet: text and tag.
Text sealed_by_openssl(const TrafficKey& key, std::uint64_t packet_number, const Text& associated, const Text& plain) {
    Text nonce(key.salt.begin(), key.salt.end());
    for (int shift = 56; shift >= 0; shift -= 8) {
        nonce.push_back(static_cast<std::uint8_t>(packet_number >> shift));
    }
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> cipher{EVP_CIPHER_CTX_new(),
                                                                                 &EVP_CIPHER_CTX_free};
    Text out(plain.size() + kTagLength);
    int written = 0;
    CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, key.key.view().data(), nonce.data()) == 1);
    CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &written, associated.data(), static_cast<int>(associated.size())));
    CHECK(EVP_EncryptUpdate(cipher.get(), out.data(), &written, plain.data(), static_cast<int>(plain.size())) == 1);
    CHECK(EVP_EncryptFinal_ex(cipher.get(), out.data() + plain.size(), &written) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagLength, out.data() + plain.size()) == 1);
    return out;
}

class AeadTest : public testing::TestWithParam<AeadCode> {
  protected:
    AeadTest() : aead(std::move(Aead::make(GetParam()).value())) {}

    AeadPacket packet(const AeadKey& key, std::uint64_t number, const Text& associated, Text& text) {
        return {&key,
                number,
                associated.data(),
                text.data(),
                static_cast<std::uint32_t>(associated.size()),
                static_cast<std::uint32_t>(text.size() - kTagLength)};
    }
    Text seal(const TrafficKey& traffic_key, std::uint64_t number, const Text& associated, Text plain) {
        AeadKey key;
        aead->expand(traffic_key, key);
        plain.resize(plain.size() + kTagLength);
        const AeadPacket one = packet(key, number, associated, plain);
        aead->seal({&one, 1});
        return plain;
    }
    bool open(const TrafficKey& traffic_key, std::uint64_t number, const Text& associated, Text& text) {
        AeadKey key;
        aead->expand(traffic_key, key);
        const AeadPacket one = packet(key, number, associated, text);
        bool authentic = false;
        aead->open({&one, 1}, {&authentic, 1});
        return authentic;
    }

    std::unique_ptr<Aead> aead;
    Random random{1};
};

TrafficKey key_of(std::string_view key, std::string_view salt) {
    TrafficKey out;
    out.key = secret_from_hex<16>(key);
    std::ranges::copy(from_hex(salt), out.salt.begin());
    return out;
}

// McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, test cases 1 to 4.
TEST_P(AeadTest, PublishedVectors) {
    const TrafficKey zero;
    EXPECT_EQ(seal(zero, 0, {}, {}), from_hex("58e2fccefa7e3061367f1d57a4e7455a"));
    EXPECT_EQ(seal(zero, 0, {}, Text(16)),
              from_hex("0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"));
    const TrafficKey key = key_of("feffe9928665731c6d6a8f9467308308", "cafebabe");
    const std::uint64_t number = 0xfacedbaddecaf888;
    const Text plain = from_hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de6"
        "57"
        "ba637b391aafd255");
    EXPECT_EQ(
        seal(key, number, {}, plain),
        from_hex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
                 "1ba30b396a0aac973d58e091473f5985 4d5c2af327cd64a62cf35abd2ba6fab4"));
    EXPECT_EQ(
        seal(key, number, from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), Text(plain.begin(), plain.end() - 4)),
        from_hex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
                 "1ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47"));
}

TEST_P(AeadTest, AgreesWithOpenSslAtEveryLength) {
    for (std::size_t length = 0; length <= 1'600; length += length < 300 ? 1 : 37) {
        const TrafficKey key = random_key(random);
        const Text associated = random_text(random, kAssociated);
        const Text plain = random_text(random, length);
        const std::uint64_t number = random.next();
        Text text = seal(key, number, associated, plain);
        ASSERT_EQ(text, sealed_by_openssl(key, number, associated, plain)) << length;
        ASSERT_TRUE(open(key, number, associated, text)) << length;
        text.resize(length);
        ASSERT_EQ(text, plain) << length;
    }
}

TEST_P(AeadTest, ABurstIsItsPacketsOneByOne) {
    constexpr std::size_t kBurst = 32;
    std::vector<TrafficKey> keys;
    const auto expanded = std::make_unique<std::array<AeadKey, kBurst>>();
    std::vector<Text> associated;
    std::vector<Text> plain;
    std::vector<Text> text;
    std::vector<AeadPacket> packets;
    for (std::size_t i = 0; i < kBurst; ++i) {
        keys.push_back(random_key(random));
        aead->expand(keys[i], (*expanded)[i]);
        associated.push_back(random_text(random, kAssociated));
        plain.push_back(random_text(random, 20 + random.below(1'400)));
        text.push_back(plain.back());
        text.back().resize(plain.back().size() + kTagLength);
    }
    for (std::size_t i = 0; i < kBurst; ++i) {
        packets.push_back(packet((*expanded)[i], i, associated[i], text[i]));
    }
    aead->seal(packets);
    text[7][3] ^= 1;
    associated[9][43] ^= 0x80;
    std::array<bool, kBurst> authentic{};
    for (std::size_t i = 0; i < kBurst; ++i) {
        if (i != 7 && i != 9) {
            EXPECT_EQ(text[i], sealed_by_openssl(keys[i], i, associated[i], plain[i])) << i;
        }
    }
    aead->open(packets, authentic);
    for (std::size_t i = 0; i < kBurst; ++i) {
        EXPECT_EQ(authentic[i], i != 7 && i != 9) << i;
    }
}

TEST_P(AeadTest, ABitFlippedAnywhereIsNeverAccepted) {
    for (const std::size_t length : {0u, 1u, 16u, 64u, 129u}) {
        const TrafficKey key = random_key(random);
        const Text associated = random_text(random, kAssociated);
        const std::uint64_t number = random.next();
        const Text sealed = seal(key, number, associated, random_text(random, length));
        for (std::size_t bit = 0; bit < (kAssociated + sealed.size()) * 8; ++bit) {
            Text header = associated;
            Text text = sealed;
            std::uint8_t& byte = bit / 8 < kAssociated ? header[bit / 8] : text[bit / 8 - kAssociated];
            byte = static_cast<std::uint8_t>(byte ^ (1u << (bit % 8)));
            ASSERT_FALSE(open(key, number, header, text)) << "length " << length << " bit " << bit;
        }
        Text text = sealed;
        EXPECT_TRUE(open(key, number, associated, text));
    }
}

TEST_P(AeadTest, AnotherNumberSaltOrKeyIsNotAccepted) {
    const TrafficKey key = random_key(random);
    const Text associated = random_text(random, kAssociated);
    const Text sealed = seal(key, 77, associated, random_text(random, 100));
    for (unsigned bit = 0; bit < 64; ++bit) {
        Text text = sealed;
        EXPECT_FALSE(open(key, 77 ^ std::uint64_t{1} << bit, associated, text)) << bit;
    }
    for (unsigned bit = 0; bit < 32; ++bit) {
        TrafficKey other = key;
        other.salt[bit / 8] = static_cast<std::uint8_t>(other.salt[bit / 8] ^ (1u << (bit % 8)));
        Text text = sealed;
        EXPECT_FALSE(open(other, 77, associated, text)) << bit;
    }
    for (unsigned bit = 0; bit < 128; ++bit) {
        TrafficKey other = key;
        auto& byte = other.key.writable()[bit / 8];
        byte = static_cast<std::uint8_t>(byte ^ (1u << (bit % 8)));
        Text text = sealed;
        EXPECT_FALSE(open(other, 77, associated, text)) << bit;
    }
}

TEST_P(AeadTest, TouchesNothingBesidesItsPacket) {
    const TrafficKey traffic_key = random_key(random);
    AeadKey key;
    aead->expand(traffic_key, key);
    for (const std::size_t length : {1u, 15u, 16u, 17u, 255u, 1'400u}) {
        Text area = random_text(random, 64 + length + kTagLength + 64);
        const Text before = area;
        const Text associated = random_text(random, kAssociated);
        const AeadPacket one{
            &key, 5, associated.data(), area.data() + 64, kAssociated, static_cast<std::uint32_t>(length)};
        aead->seal({&one, 1});
        bool authentic = false;
        aead->open({&one, 1}, {&authentic, 1});
        EXPECT_TRUE(authentic);
        const auto end = static_cast<std::ptrdiff_t>(64 + length);
        EXPECT_EQ(Text(area.begin(), area.begin() + end), Text(before.begin(), before.begin() + end));
        EXPECT_EQ(Text(area.begin() + end + kTagLength, area.end()),
                  Text(before.begin() + end + kTagLength, before.end()));
    }
}

INSTANTIATE_TEST_SUITE_P(Code, AeadTest, testing::Values(AeadCode::best, AeadCode::openssl),
                         [](const auto& info) { return info.param == AeadCode::best ? "best" : "openssl"; });

}  // namespace
}  // namespace izar
