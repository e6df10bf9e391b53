#include "dataplane/security/primitives.h"

#include <gtest/gtest.h>

#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

TEST(Primitives, Sha256OfTwoPartsIsThatOfTheirConcatenation) {
    const auto abc = from_hex("616263");
    const auto expected = from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
    EXPECT_EQ(to_vector(sha256(abc)), expected);
    EXPECT_EQ(to_vector(sha256(ByteView{abc}.first(1), ByteView{abc}.last(2))), expected);
}

TEST(Primitives, HmacOfRfc4231) {
    const std::string_view data = "what do ya want for nothing?";
    const ByteView bytes{reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
    EXPECT_EQ(to_vector(hmac_sha256(from_hex("4a656665"), bytes).view()),
              from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

struct HkdfVector {
    std::string_view key, salt, info, extracted, expanded;
};

// RFC 5869, appendix A.1, A.2 and A.3.
const HkdfVector kHkdf[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

TEST(Primitives, HkdfOfRfc5869) {
    for (const HkdfVector& vector : kHkdf) {
        const Secret extracted = hkdf_extract(from_hex(vector.salt), from_hex(vector.key));
        EXPECT_EQ(to_vector(extracted.view()), from_hex(vector.extracted));
        std::vector<std::uint8_t> expanded(from_hex(vector.expanded).size());
        hkdf_expand(extracted, from_hex(vector.info), expanded);
        EXPECT_EQ(expanded, from_hex(vector.expanded));
    }
}

// RFC 7748 section 6.1.
TEST(Primitives, KeyAgreementOfRfc7748) {
    const KeyPair alice =
        key_pair_of(secret_from_hex<32>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    const KeyPair bob =
        key_pair_of(secret_from_hex<32>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    EXPECT_EQ(to_vector(alice.public_key),
              from_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    EXPECT_EQ(to_vector(bob.public_key), from_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    Secret at_alice;
    Secret at_bob;
    ASSERT_TRUE(shared_secret(alice.secret, bob.public_key, at_alice));
    ASSERT_TRUE(shared_secret(bob.secret, alice.public_key, at_bob));
    EXPECT_EQ(at_alice, at_bob);
    EXPECT_EQ(to_vector(at_alice.view()), from_hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
}

TEST(Primitives, KeyAgreementRefusesAPointOfSmallOrder) {
    const KeyPair own = key_pair_of(secret_from_hex<32>(std::string(64, '7')));
    Secret out;
    EXPECT_FALSE(shared_secret(own.secret, PublicKey{}, out));
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14: AES-256, nonce 0.
TEST(Primitives, SealedMessageOfThePublishedGcmVector) {
    const Secret key;
    const std::vector<std::uint8_t> plain(16, 0);
    std::vector<std::uint8_t> sealed(32);
    seal_message(key, 0, {}, plain, sealed);
    EXPECT_EQ(sealed, from_hex("cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"));
    std::vector<std::uint8_t> opened(16, 0xFF);
    EXPECT_TRUE(open_message(key, 0, {}, sealed, opened));
    EXPECT_EQ(opened, plain);
}

TEST(Primitives, AnOpenedMessageHasItsKeyCounterAndAssociatedData) {
    const Secret key = secret_from_hex<32>(std::string(64, '4'));
    const auto plain = from_hex("00112233");
    const auto associated = from_hex("aabb");
    std::vector<std::uint8_t> sealed(20);
    seal_message(key, 7, associated, plain, sealed);
    std::vector<std::uint8_t> opened(4, 0xFF);
    EXPECT_FALSE(open_message(key, 8, associated, sealed, opened));
    EXPECT_EQ(opened, from_hex("00000000")) << "what does not authenticate is not seen";
    EXPECT_FALSE(open_message(key, 7, plain, sealed, opened));
    EXPECT_FALSE(open_message(Secret{}, 7, associated, sealed, opened));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        auto flipped = sealed;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
        EXPECT_FALSE(open_message(key, 7, associated, flipped, opened)) << bit;
    }
    EXPECT_TRUE(open_message(key, 7, associated, sealed, opened));
    EXPECT_EQ(opened, plain);
}

}  // namespace
}  // namespace izar
