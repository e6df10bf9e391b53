#include "dataplane/wire/checksum.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <algorithm>
#include <cstring>
#include <vector>

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;

// RFC 1071 section 4.1 in its plainest form: big-endian words, one carry at a time.
std::uint16_t naive_checksum(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        const std::uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0;
        sum += std::uint32_t{bytes[i]} << 8 | low;
        if (sum > 0xFFFF) {
            sum -= 0xFFFF;
        }
    }
    return static_cast<std::uint16_t>(~sum);
}

Be16 checksum(const Bytes& bytes) {
    return Be16::from_raw(static_cast<std::uint16_t>(~fold(raw_sum(bytes))));
}

// Even length of at least 4, and never only zeros: as every header is.
Bytes any_header() {
    auto bytes = *rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>());
    bytes.resize(std::max<std::size_t>(bytes.size() & ~std::size_t{1}, 4));
    bytes.push_back(0x45);
    bytes.push_back(0);
    return bytes;
}

TEST(Checksum, OfThePublishedExample) {
    // RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum up to ddf2.
    const Bytes bytes = {0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7};
    EXPECT_EQ(checksum(bytes).value(), static_cast<std::uint16_t>(~0xDDF2));
}

TEST(Checksum, OfARealIpv4Header) {
    Ipv4Header ip{};
    const Bytes captured = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                            0xB8, 0x61, 0xC0, 0xA8, 0x00, 0x01, 0xC0, 0xA8, 0x00, 0xC7};
    std::memcpy(&ip, captured.data(), sizeof ip);
    ip.checksum = Be16{0x1234};
    set_ipv4_checksum(ip);
    EXPECT_EQ(ip.checksum.value(), 0xB861);
}

TEST(Checksum, EqualsTheNaiveSumForAnyLength) {
    EXPECT_TRUE(rc::check([](const Bytes& bytes) { RC_ASSERT(checksum(bytes).value() == naive_checksum(bytes)); }));
}

TEST(Checksum, CarriesDoNotGetLostInLongPackets) {
    EXPECT_EQ(checksum(Bytes(65'535, 0xFF)).value(), naive_checksum(Bytes(65'535, 0xFF)));
}

TEST(Checksum, AWholeSumCanBeTakenInParts) {
    EXPECT_TRUE(rc::check([] {
        const Bytes bytes = any_header();
        const std::size_t cut = *rc::gen::inRange<std::size_t>(0, bytes.size() / 2 + 1) * 2;
        const std::span<const std::uint8_t> all(bytes);
        RC_ASSERT(fold(raw_sum(all.subspan(cut), raw_sum(all.first(cut)))) == fold(raw_sum(all)));
    }));
}

TEST(PseudoSum, OfBothFamiliesEqualsTheDrawnHeader) {
    EXPECT_TRUE(rc::check([] {
        const auto length = *rc::gen::inRange<std::uint32_t>(0, 65'536);
        const auto addresses = *rc::gen::container<Bytes>(32, rc::gen::arbitrary<std::uint8_t>());
        const auto high = static_cast<std::uint8_t>(length >> 8);
        const auto low = static_cast<std::uint8_t>(length);

        Ipv4Header v4{};
        v4.protocol = IpProtocol::tcp;
        std::memcpy(&v4.source, addresses.data(), 8);
        Bytes drawn(addresses.begin(), addresses.begin() + 8);
        drawn.insert(drawn.end(), {0, 6, high, low});
        RC_ASSERT(fold(pseudo_sum(v4, length)) == fold(raw_sum(drawn)));

        Ipv6Header v6{};
        std::memcpy(&v6.source, addresses.data(), 32);
        drawn = addresses;
        drawn.insert(drawn.end(), {0, 0, high, low, 0, 0, 0, 17});
        RC_ASSERT(fold(pseudo_sum(v6, IpProtocol::udp, length)) == fold(raw_sum(drawn)));
    }));
}

TEST(ChecksumDelta, EqualsRecomputation) {
    EXPECT_TRUE(rc::check([] {
        const Bytes before = any_header();
        Bytes after = before;
        // Two fields are rewritten, like an address and a port; their deltas add up.
        const std::size_t words = (before.size() - 2) / 2;
        std::uint16_t delta = 0;
        for (int field = 0; field < 2; ++field) {
            const std::size_t at = *rc::gen::inRange<std::size_t>(0, words) * 2;
            const Bytes old_field(after.begin() + static_cast<std::ptrdiff_t>(at),
                                  after.begin() + static_cast<std::ptrdiff_t>(at) + 2);
            const auto new_field = *rc::gen::container<Bytes>(2, rc::gen::arbitrary<std::uint8_t>());
            std::copy(new_field.begin(), new_field.end(), after.begin() + static_cast<std::ptrdiff_t>(at));
            delta = add_deltas(delta, checksum_delta(old_field, new_field));
        }
        RC_ASSERT(apply_delta(checksum(before), delta) == checksum(after));
    }));
}

TEST(ChecksumDelta, TheWayBackUndoesIt) {
    EXPECT_TRUE(rc::check([] {
        const Bytes before = any_header();
        const Bytes after = any_header();
        const Be16 original = checksum(before);
        const Be16 rewritten = apply_delta(original, checksum_delta(before, after));
        RC_ASSERT(apply_delta(rewritten, checksum_delta(after, before)) == original);
    }));
}

TEST(ChecksumDelta, TheCornersOfRfc1624) {
    // Section 4: HC = DD2F, m = 5555, m' = 3285 must give 0000, where equation 2 would give FFFF.
    const Bytes before = {0x55, 0x55};
    const Bytes after = {0x32, 0x85};
    EXPECT_EQ(apply_delta(Be16{0xDD2F}, checksum_delta(before, after)).value(), 0x0000);
}

}  // namespace
}  // namespace izar
