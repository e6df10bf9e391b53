#include "dataplane/base/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace izar {
namespace {

std::array<std::uint8_t, 16> any_bytes() {
    return *rc::gen::container<std::array<std::uint8_t, 16>>(rc::gen::arbitrary<std::uint8_t>());
}

IpAddress any_address() {
    const auto bytes = any_bytes();
    if (*rc::gen::arbitrary<bool>()) {
        return IpAddress{*reinterpret_cast<const Ipv4Address*>(bytes.data())};
    }
    return IpAddress{*reinterpret_cast<const Ipv6Address*>(bytes.data())};
}

TEST(IpAddress, KeepsTheBytesOfBothFamilies) {
    const auto v4 = IpAddress::parse("192.0.2.1");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->family(), Family::ipv4);
    EXPECT_EQ(v4->v4().bits.value(), 0xC0000201u);
    EXPECT_EQ(v4->bytes()[4], 0) << "the bytes behind an IPv4 address are zero";

    const auto v6 = IpAddress::parse("2001:db8::1");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->family(), Family::ipv6);
    EXPECT_EQ(v6->v6().bytes[0], 0x20);
    EXPECT_EQ(v6->v6().bytes[15], 0x01);
}

TEST(IpAddress, TheSameBytesOfTwoFamiliesDiffer) {
    EXPECT_NE(*IpAddress::parse("0.0.0.0"), *IpAddress::parse("::"));
    EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
}

TEST(IpAddress, RefusesWhatIsNone) {
    const std::string cut_by_zero("192.0.2.1\0.5", 12);
    for (const std::string& text : {std::string{}, std::string{"192.0.2"}, std::string{"192.0.2.256"},
                                    std::string{"192.0.2.1 "}, std::string{"1::2::3"}, cut_by_zero}) {
        const auto parsed = IpAddress::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().text.find("write it like"), std::string::npos) << parsed.error().text;
    }
}

TEST(IpAddress, TextIsReadBackAsTheSameAddress) {
    EXPECT_TRUE(rc::check([] {
        const IpAddress address = any_address();
        RC_ASSERT(*IpAddress::parse(address.text()) == address);
    }));
}

TEST(InterfaceAddress, ParsesAddressAndPrefixLength) {
    const auto parsed = InterfaceAddress::parse("10.1.2.3/24");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->prefix_bits, 24);
    EXPECT_EQ(parsed->text(), "10.1.2.3/24");
}

TEST(InterfaceAddress, RefusesWrongPrefixLengths) {
    for (const char* text : {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "::1/129", "10.0.0.1/-1", "10.0.0.1/8x",
                             "10.0.0/8", "10.0.0.1/4294967304"}) {
        EXPECT_FALSE(InterfaceAddress::parse(text)) << text;
    }
}

// Compares bit by bit, where the code compares bytes.
bool share_prefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
    for (unsigned i = 0; i < bits; ++i) {
        const unsigned shift = 7 - i % 8;
        if (((a.bytes()[i / 8] >> shift) & 1) != ((b.bytes()[i / 8] >> shift) & 1)) {
            return false;
        }
    }
    return true;
}

TEST(InterfaceAddress, ContainsExactlyTheAddressesWithItsPrefix) {
    EXPECT_TRUE(rc::check([] {
        const auto mine = any_bytes();
        auto other = mine;  // differs in one bit at most, so that both answers are common
        const unsigned flipped = *rc::gen::inRange(0u, 160u);
        if (flipped < 128) {
            other[flipped / 8] = static_cast<std::uint8_t>(other[flipped / 8] ^ (0x80 >> flipped % 8));
        }
        const IpAddress a{*reinterpret_cast<const Ipv6Address*>(mine.data())};
        const IpAddress b{*reinterpret_cast<const Ipv6Address*>(other.data())};
        const auto bits = static_cast<std::uint8_t>(*rc::gen::inRange(0u, 129u));
        RC_ASSERT((InterfaceAddress{a, bits}.contains(b)) == share_prefix(a, b, bits));
    }));
}

TEST(InterfaceAddress, ContainsNothingOfTheOtherFamily) {
    EXPECT_FALSE(InterfaceAddress::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
}

TEST(MacAddress, TextIsReadBackAsTheSameAddress) {
    EXPECT_TRUE(rc::check([] {
        MacAddress mac{};
        const auto bytes = any_bytes();
        std::copy_n(bytes.begin(), 6, mac.bytes);
        RC_ASSERT(*MacAddress::parse(mac.text()) == mac);
    }));
}

TEST(MacAddress, RefusesWhatIsNone) {
    for (const char* text : {"", "02:00:00:00:00", "02:00:00:00:00:01:02", "02-00-00-00-00-01", "02:00:00:00:00:1",
                             " 2:00:00:00:00:01", "02:00:00:00:00:0x", "+2:00:00:00:00:01", "02:00:00:00:00:01 "}) {
        EXPECT_FALSE(MacAddress::parse(text)) << text;
    }
}

}  // namespace
}  // namespace izar
