#include "ctrl/store/token.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace izar {
namespace {

TokenRandom counting_bytes() {
    TokenRandom random;
    for (std::size_t i = 0; i < random.size(); ++i) {
        random[i] = static_cast<std::uint8_t>(i);
    }
    return random;
}

TEST(Token, TextIsPrefixIdAndSecret) {
    EXPECT_EQ(new_token(counting_bytes()), "izar1-0001020304050607-08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

TEST(Token, PartsAreTheIdAndTheHashOfTheSecret) {
    const auto parts = parse_token(new_token(counting_bytes()));
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->id, "0001020304050607");
    EXPECT_EQ(parts->secret_hash, sha256("08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
}

// FIPS 180-2, appendix B.1.
TEST(Token, Sha256IsThePublishedOne) {
    const Digest digest = sha256("abc");
    EXPECT_EQ(hex_text({reinterpret_cast<const char*>(digest.data()), digest.size()}),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Token, AnyChangedCharacterGivesAnotherSecretAnotherIdOrAnError) {
    const std::string whole = new_token(counting_bytes());
    const auto parts = parse_token(whole);
    EXPECT_TRUE(rc::check("one changed character", [&] {
        std::string changed = whole;
        const auto at = *rc::gen::inRange<std::size_t>(0, whole.size());
        changed[at] = *rc::gen::distinctFrom(rc::gen::arbitrary<char>(), whole[at]);
        const auto other = parse_token(changed);
        RC_ASSERT(!other || other->id != parts->id || !same_digest(other->secret_hash, parts->secret_hash));
    }));
}

TEST(Token, DigestsReadBack) {
    const Digest digest = sha256("abc");
    EXPECT_EQ(parse_digest(digest_text(digest)), digest);
    EXPECT_EQ(parse_digest("abc"), Digest{});
    EXPECT_EQ(parse_digest(std::string(64, 'g')), Digest{});
}

TEST(Token, OtherLengthsAreNoTokens) {
    const std::string whole = new_token(counting_bytes());
    EXPECT_FALSE(parse_token(whole.substr(1)));
    EXPECT_FALSE(parse_token(whole + "0"));
    EXPECT_FALSE(parse_token(""));
}

TEST(Token, SameDigestLooksAtEveryByte) {
    const Digest one = sha256("one");
    EXPECT_TRUE(same_digest(one, one));
    for (std::size_t i = 0; i < one.size(); ++i) {
        Digest other = one;
        other[i] ^= 1;
        EXPECT_FALSE(same_digest(one, other)) << "byte " << i;
    }
}

}  // namespace
}  // namespace izar
