#include "dataplane/flow/flow_index.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "dataplane/base/random.h"

namespace izar {
namespace {

bool contains(const FlowIndex& index, std::uint64_t hash, std::uint32_t value) {
    const FlowIndex::Place place = index.place(hash);
    for (const std::uint32_t number : {place.first, place.second}) {
        const FlowIndex::Bucket& bucket = index.bucket(number);
        for (unsigned matches = FlowIndex::match(bucket, place.tag); matches != 0; matches &= matches - 1) {
            if (bucket.value[std::countr_zero(matches)] == value) {
                return true;
            }
        }
    }
    return false;
}

std::size_t slots_of(const FlowIndex& index) {
    return index.bytes() / sizeof(FlowIndex::Bucket) * FlowIndex::kSlots;
}

// Inserts until the first refusal.
std::vector<std::uint64_t> fill(FlowIndex& index, Random& random) {
    std::vector<std::uint64_t> hashes;
    while (true) {
        const std::uint64_t hash = random.next();
        if (!index.insert(hash, static_cast<std::uint32_t>(hashes.size()))) {
            return hashes;
        }
        hashes.push_back(hash);
    }
}

TEST(FlowIndex, MatchTellsEverySlotWithTheTag) {
    FlowIndex::Bucket bucket{};
    EXPECT_EQ(FlowIndex::match(bucket, 0), 0xFFU);
    bucket.tag[0] = bucket.tag[3] = bucket.tag[7] = 0xFFFF;
    bucket.tag[4] = 0x00FF;
    EXPECT_EQ(FlowIndex::match(bucket, 0xFFFF), 0b10001001U);
    EXPECT_EQ(FlowIndex::match(bucket, 0x00FF), 0b00010000U);
    EXPECT_EQ(FlowIndex::match(bucket, 0xFF00), 0U);
}

TEST(FlowIndex, FillsBeyondItsPromiseAndLosesNothing) {
    auto index = FlowIndex::make(100'000).value();
    Random random{1};
    const auto hashes = fill(index, random);
    EXPECT_GE(static_cast<double>(hashes.size()), 0.97 * static_cast<double>(slots_of(index)));
    for (std::uint32_t i = 0; i < hashes.size(); ++i) {
        ASSERT_TRUE(contains(index, hashes[i], i)) << i;
    }
    EXPECT_FALSE(contains(index, hashes[0], 1));
}

TEST(FlowIndex, EraseRemovesExactlyTheItem) {
    auto index = FlowIndex::make(1'000).value();
    Random random{2};
    auto hashes = fill(index, random);
    for (std::uint32_t i = 0; i < hashes.size(); i += 2) {
        index.erase(hashes[i], i);
    }
    for (std::uint32_t i = 0; i < hashes.size(); ++i) {
        ASSERT_EQ(contains(index, hashes[i], i), i % 2 == 1) << i;
    }
    for (std::uint32_t i = 1; i < hashes.size(); i += 2) {
        index.erase(hashes[i], i);
    }
    const auto again = fill(index, random);
    EXPECT_GE(static_cast<double>(again.size()), 0.95 * static_cast<double>(slots_of(index)));
}

// Equal hashes have just two buckets: the 17th is refused, and the refusal changes nothing.
TEST(FlowIndex, EqualHashesFillTheirTwoBuckets) {
    auto index = FlowIndex::make(10'000).value();
    const std::uint64_t hash = 0x1234'0007'8765'4321;
    ASSERT_NE(index.place(hash).first, index.place(hash).second);
    for (std::uint32_t value = 0; value < 16; ++value) {
        ASSERT_TRUE(index.insert(hash, value));
    }
    EXPECT_FALSE(index.insert(hash, 16));
    for (std::uint32_t value = 0; value < 16; ++value) {
        EXPECT_TRUE(contains(index, hash, value));
    }
    index.erase(hash, 5);
    EXPECT_TRUE(index.insert(hash, 16));
}

// A tag of 0 would mean "empty"; such a hash borrows tag 1.
TEST(FlowIndex, TagZeroIsAvoided) {
    auto index = FlowIndex::make(10).value();
    EXPECT_EQ(index.place(0x0000'0000'1234'5678).tag, 1);
    ASSERT_TRUE(index.insert(0x0000'0000'1234'5678, 9));
    EXPECT_TRUE(contains(index, 0x0000'0000'1234'5678, 9));
}

TEST(FlowIndexDeathTest, ErasingWhatIsNotThereIsABug) {
    auto index = FlowIndex::make(10).value();
    EXPECT_DEATH(index.erase(1, 1), "the item is in the index");
}

}  // namespace
}  // namespace izar
