#include "dataplane/flow/flow_key.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <unordered_set>

#include "dataplane/base/limits.h"

namespace izar {
namespace {

using Key4 = FlowKey<Ipv4Address>;
using Key6 = FlowKey<Ipv6Address>;

Key4 key4(std::uint32_t source, std::uint32_t destination, std::uint16_t source_port, std::uint16_t destination_port,
          IpProtocol protocol = IpProtocol::tcp) {
    return {{Be32{source}}, {Be32{destination}}, Be16{source_port}, Be16{destination_port}, protocol, {}};
}

Key6 key6(std::uint8_t source_end, std::uint8_t destination_end, std::uint16_t source_port) {
    Key6 key{};
    key.source.bytes[15] = source_end;
    key.destination.bytes[15] = destination_end;
    key.source_port = Be16{source_port};
    key.protocol = IpProtocol::udp;
    return key;
}

template <typename Key>
Key with_bit_flipped(const Key& key, std::size_t bit) {
    Key other = key;
    reinterpret_cast<std::uint8_t*>(&other)[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    return other;
}

TEST(FlowKey, ReversedSwapsBothEnds) {
    const Key4 key = key4(0x0A000001, 0xC0000201, 4000, 80);
    EXPECT_EQ(key.reversed(), key4(0xC0000201, 0x0A000001, 80, 4000));
    EXPECT_EQ(key.reversed().reversed(), key);
}

// The choice hashes are part of what nodes agree on: a changed value moves every flow of the fleet.
TEST(FlowKey, ChoiceHashesAreFixedForTheFleet) {
    EXPECT_EQ(client_hash(key4(0x0A000001, 0xC0000201, 4000, 80)), 0x19609D1AD5801628U);
    EXPECT_EQ(origin_hash(key4(0x0A000001, 0xC0000201, 4000, 80)), 0xB0DB2ECCB9B88D0CU);
    EXPECT_EQ(client_hash(key6(1, 2, 4000)), 0x23DF7BBFB5D001CU);
    EXPECT_EQ(origin_hash(key6(1, 2, 4000)), 0xE86D1F2E2811555DU);
}

TEST(FlowKey, SeedChangesTheHash) {
    const Key4 key = key4(1, 2, 3, 4);
    EXPECT_NE(hash_key(key, HashSeed::from(1)), hash_key(key, HashSeed::from(2)));
    EXPECT_EQ(hash_key(key, HashSeed::from(1)), hash_key(key, HashSeed::from(1)));
}

// Every bit of the key moves every bit of the hash in close to half of the cases.
template <typename Key>
void expect_avalanche(std::size_t key_bits) {
    constexpr int kRounds = 400;
    Random random{7};
    for (std::size_t bit = 0; bit < key_bits; ++bit) {
        std::array<int, 64> flips{};
        for (int round = 0; round < kRounds; ++round) {
            Key key{};
            for (std::size_t i = 0; i < key_bits / 8; ++i) {
                reinterpret_cast<std::uint8_t*>(&key)[i] = static_cast<std::uint8_t>(random.next());
            }
            const HashSeed seed = HashSeed::from(random.next());
            const std::uint64_t changed = hash_key(key, seed) ^ hash_key(with_bit_flipped(key, bit), seed);
            for (std::size_t out = 0; out < 64; ++out) {
                flips[out] += static_cast<int>(changed >> out & 1);
            }
        }
        for (const int count : flips) {
            ASSERT_NEAR(count, kRounds / 2, 0.15 * kRounds) << "bit " << bit;
        }
    }
}

TEST(FlowKey, EveryBitCounts) {
    expect_avalanche<Key4>(13 * 8);
    expect_avalanche<Key6>(37 * 8);
}

// Pearson's test of `keys` in equal bins: about the number of bins if they fall at random.
template <typename MakeKey>
void expect_even_spread(MakeKey make_key) {
    constexpr std::size_t kBins = 1024;
    constexpr double kPerBin = 256;
    const HashSeed seed = HashSeed::from(99);
    std::array<double, kBins> bucket_bits{};
    std::array<double, kBins> tag_bits{};
    std::unordered_set<std::uint64_t> distinct;
    for (std::uint32_t i = 0; i < kBins * 256; ++i) {
        const std::uint64_t hash = hash_key(make_key(i), seed);
        ++bucket_bits[(hash & 0xFFFFFFFF) * kBins >> 32];
        ++tag_bits[hash >> 32 & (kBins - 1)];
        distinct.insert(hash);
    }
    EXPECT_EQ(distinct.size(), kBins * 256);
    for (const auto& bins : {bucket_bits, tag_bits}) {
        double chi_squared = 0;
        for (const double count : bins) {
            chi_squared += (count - kPerBin) * (count - kPerBin) / kPerBin;
        }
        EXPECT_NEAR(chi_squared, kBins, 6 * std::sqrt(2.0 * kBins));
    }
}

// Keys as a load generator makes them: neighbors in addresses and ports.
TEST(FlowKey, NeighboringKeysSpreadEvenly) {
    expect_even_spread([](std::uint32_t i) {
        return key4(0x0A000000 + (i & 63), 0xC0000201, static_cast<std::uint16_t>(1024 + (i >> 6)), 80);
    });
    expect_even_spread([](std::uint32_t i) {
        return key6(static_cast<std::uint8_t>(i & 63), 1, static_cast<std::uint16_t>(1024 + (i >> 6)));
    });
}

TEST(FlowKey, OwnersAreInRangeAndEven) {
    Random random{3};
    for (std::size_t lcores = 1; lcores <= kMaxLcores; ++lcores) {
        std::array<int, kMaxLcores> flows{};
        for (int i = 0; i < 16'000; ++i) {
            const auto owner = raw(flow_owner(random.next(), lcores));
            ASSERT_LT(owner, lcores);
            ++flows[owner];
        }
        for (std::size_t i = 0; i < lcores; ++i) {
            EXPECT_NEAR(flows[i], 16'000.0 / static_cast<double>(lcores), 1'000);
        }
    }
    EXPECT_EQ(raw(flow_owner(~0ULL, 16)), 15);
    EXPECT_EQ(raw(flow_owner(0, 16)), 0);
}

}  // namespace
}  // namespace izar
