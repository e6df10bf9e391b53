// arcturus_test.cc -- The published vectors.
#include "tools/replay/arcturus.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(Arcturus, PublishedVectors) {
    const std::vector<float> outlier{50, 51, 52, 49, 50, 200};
    auto got = partition_by_gaps(outlier);
    EXPECT_EQ(got.singular, (std::vector<std::uint32_t>{5}));
    EXPECT_FLOAT_EQ(got.group, 50.4F);

    std::vector<float> twenties(9, 20.0F);
    twenties.push_back(21.0F);
    got = partition_by_gaps(twenties);
    EXPECT_EQ(got.singular, (std::vector<std::uint32_t>{9}));
    EXPECT_FLOAT_EQ(got.group, 20.0F);
}

TEST(Arcturus, WithoutOutliersEverythingIsRaw) {
    const std::vector<float> even{10, 11, 12, 13, 14};
    EXPECT_TRUE(partition_by_gaps(even).singular.empty());
    EXPECT_TRUE(partition_by_gaps(std::vector<float>{7}).singular.empty());
}

}  // namespace
}  // namespace izar
