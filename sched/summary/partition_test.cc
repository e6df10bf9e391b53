// partition_test.cc -- Searches against each other, the bound of every represented item, regions of a made world.
#include "sched/summary/partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "sched/summary/regions.h"

namespace izar {
namespace {

std::vector<float> random_points(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> spread(0.0F, 3.0F);
    std::vector<float> points(count);
    for (auto& point : points)
        point = spread(random);
    return points;
}

RC_GTEST_PROP(Neighbours, EverySearchFindsTheSameDistances, (std::uint32_t seed)) {
    const auto features = *rc::gen::inRange<std::size_t>(1, 5);
    const auto items = *rc::gen::inRange<std::size_t>(1, 200);
    const auto k = *rc::gen::inRange<std::size_t>(1, 9);
    const auto points = random_points(items * features, seed);
    const auto expected = neighbour_distances(points, features, k, NeighbourSearch::all_pairs);
    for (const auto search : {NeighbourSearch::automatic, NeighbourSearch::tree}) {
        const auto got = neighbour_distances(points, features, k, search);
        RC_ASSERT(got.size() == expected.size());
        for (std::size_t i = 0; i < got.size(); ++i)
            RC_ASSERT(std::abs(got[i] - expected[i]) <= 1e-4F);
    }
}

RC_GTEST_PROP(PartitionItems, WhoIsRepresentedIsWithinTheBound, (std::uint32_t seed)) {
    const auto features = *rc::gen::inRange<std::size_t>(1, 4);
    const auto items = *rc::gen::inRange<std::size_t>(0, 150);
    const float eps = static_cast<float>(*rc::gen::inRange(1, 300)) / 1000;
    std::mt19937 random(seed);
    std::lognormal_distribution<float> value(4.0F, static_cast<float>(*rc::gen::inRange(1, 100)) / 100);
    std::vector<float> values(items * features);
    for (auto& v : values)
        v = random() % 50 == 0 ? kUnknownRtt : (random() % 50 == 0 ? 0.0F : value(random));
    const std::vector<Quantizer> quantizers(features, Quantizer::within(eps));
    const auto got = partition_items(values, quantizers, {.neighbours = 4, .mads = 3.5F, .eps = eps});
    RC_ASSERT(got.singular.size() == items);
    for (std::size_t item = 0; item < items; ++item)
        for (std::size_t feature = 0; feature < features && !got.singular[item]; ++feature) {
            const float true_value = values[item * features + feature];
            const float group = quantizers[feature].decode(got.group[feature]);
            RC_ASSERT(group >= true_value);
            RC_ASSERT(group <= true_value * (1 + eps) * (1 + 1e-6F));
        }
}

TEST(PartitionItems, AGroupWithoutOutliersIsOneValue) {
    std::vector<float> values;
    for (int i = 0; i < 100; ++i)
        values.push_back(50.0F + 0.01F * static_cast<float>(i % 10));
    const Quantizer quantizer(8);
    const auto got = partition_items(values, std::span(&quantizer, 1), {.neighbours = 4, .mads = 3.5F, .eps = 0.02F});
    EXPECT_EQ(std::count(got.singular.begin(), got.singular.end(), 1), 0);
}

TEST(PartitionItems, AnOutlierInOneOfTwoFeaturesIsSingular) {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> near(0.995F, 1.005F);
    std::vector<float> values;
    for (int i = 0; i < 200; ++i) {
        values.push_back(80.0F * near(random));
        values.push_back((i == 17 ? 40.0F : 10.0F) * near(random));
    }
    const std::vector<Quantizer> quantizers(2, Quantizer(9));
    const auto got = partition_items(values, quantizers, {.neighbours = 4, .mads = 6.0F, .eps = 0.03F});
    EXPECT_TRUE(got.singular[17]);
    EXPECT_LT(std::count(got.singular.begin(), got.singular.end(), 1), 10);
}

TEST(Regions, IslandsAreFound) {
    constexpr std::size_t kNodes = 60;
    std::mt19937 random(9);
    RttMatrix matrix(kNodes);
    for (std::size_t from = 0; from < kNodes; ++from)
        for (std::size_t to = 0; to < kNodes; ++to)
            if (from != to)
                matrix.set(from, to, (from % 4 == to % 4 ? 2.0F : 90.0F) + static_cast<float>(random() % 100) / 100);
    const auto region_of = find_regions(matrix, 4);
    for (std::size_t from = 0; from < kNodes; ++from)
        for (std::size_t to = 0; to < kNodes; ++to)
            EXPECT_EQ(region_of[from] == region_of[to], from % 4 == to % 4);
}

RC_GTEST_PROP(Regions, NumbersHaveNoGaps, (std::uint32_t seed)) {
    const auto nodes = *rc::gen::inRange<std::size_t>(1, 40);
    std::mt19937 random(seed);
    RttMatrix matrix(nodes);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to && random() % 10 != 0)
                matrix.set(from, to, static_cast<float>(random() % 20));
    const auto region_of = find_regions(matrix, 7);
    const std::size_t last = *std::max_element(region_of.begin(), region_of.end());
    RC_ASSERT(last < 7U);
    for (std::size_t region = 0; region <= last; ++region)
        RC_ASSERT(std::find(region_of.begin(), region_of.end(), region) != region_of.end());
}

}  // namespace
}  // namespace izar
