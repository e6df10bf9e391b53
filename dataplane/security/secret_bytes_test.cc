#include "dataplane/security/secret_bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>

#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

TEST(SecretBytes, AreWipedWhenTheyEnd) {
    alignas(Secret) std::array<unsigned char, sizeof(Secret)> place{};
    auto* const secret = new (place.data()) Secret(secret_from_hex<32>(std::string(64, 'a')));
    EXPECT_EQ(place[0], 0xAA);
    secret->~SecretBytes();
    for (const unsigned char byte : place) {
        EXPECT_EQ(byte, 0);
    }
}

TEST(SecretBytes, CompareByAllTheirBytes) {
    const Secret one = secret_from_hex<32>(std::string(64, 'a'));
    EXPECT_EQ(one, secret_from_hex<32>(std::string(64, 'a')));
    for (std::size_t i = 0; i < 32; ++i) {
        Secret other = one;
        other.writable()[i] = 0;
        EXPECT_FALSE(one == other) << i;
    }
    EXPECT_FALSE(equal_in_constant_time(from_hex("00"), from_hex("0000")));
}

}  // namespace
}  // namespace izar
