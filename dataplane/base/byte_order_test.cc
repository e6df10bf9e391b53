#include "dataplane/base/byte_order.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <cstring>

namespace izar {
namespace {

TEST(ByteOrder, LiesInMemoryMostSignificantByteFirst) {
    const Be64 word{0x0102030405060708};
    const std::uint8_t expected[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(std::memcmp(&word, expected, sizeof expected), 0);
}

TEST(ByteOrder, ReadsItsBytesAtAnyOffset) {
    const std::uint8_t packet[7] = {0xFF, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xFF};
    Be32 field;
    std::memcpy(&field, packet + 1, sizeof field);
    EXPECT_EQ(field.value(), 0x12345678u);
    EXPECT_EQ(reinterpret_cast<const Be16*>(packet + 4)->value(), 0x789Au);
}

template <typename BigEndian, typename Host>
void expect_round_trip() {
    EXPECT_TRUE(rc::check([](Host host) {
        const BigEndian wire{host};
        RC_ASSERT(wire.value() == host);
        RC_ASSERT(BigEndian::from_raw(wire.raw_bits()) == wire);
    }));
}

TEST(ByteOrder, GivesBackWhatWasPutIn) {
    expect_round_trip<Be16, std::uint16_t>();
    expect_round_trip<Be32, std::uint32_t>();
    expect_round_trip<Be64, std::uint64_t>();
}

}  // namespace
}  // namespace izar
