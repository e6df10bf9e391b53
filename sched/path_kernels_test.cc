#include "sched/path_kernels.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "sched/cost_matrix.h"

namespace izar {
namespace {

std::vector<const PathKernels*> vector_kernels() {
    std::vector<const PathKernels*> kernels{&avx2_path_kernels()};
    if (avx512_path_kernels() != nullptr) {
        kernels.push_back(avx512_path_kernels());
    }
    return kernels;
}

Cost random_cost() {
    return *rc::gen::oneOf(rc::gen::inRange<Cost>(1, 6), rc::gen::inRange<Cost>(1, kUnknownCost),
                           rc::gen::just(kUnknownCost));
}

std::vector<TaggedCost> random_tagged(std::size_t stride) {
    std::vector<TaggedCost> row;
    for (std::size_t i = 0; i < stride; ++i) {
        row.push_back(tag_cost(random_cost(), i));
    }
    return row;
}

std::vector<Cost> random_column(std::size_t stride) {
    std::vector<Cost> column;
    for (std::size_t i = 0; i < stride; ++i) {
        column.push_back(random_cost());
    }
    return column;
}

RC_GTEST_PROP(PathKernels, FindTheLeastSumsLikeTheScalarOnes, ()) {
    const std::size_t stride = *rc::gen::inRange<std::size_t>(1, 7) * kCostLanes;
    const auto row = random_tagged(stride);
    const auto column = random_column(stride);
    TaggedCost expected[kFirstHops];
    scalar_path_kernels().least_sums(row.data(), column.data(), stride, expected);
    for (const PathKernels* kernels : vector_kernels()) {
        TaggedCost found[kFirstHops];
        kernels->least_sums(row.data(), column.data(), stride, found);
        RC_ASSERT(std::ranges::equal(found, expected));
        RC_ASSERT(kernels->least_sum(row.data(), column.data(), stride) == expected[0]);
    }
    RC_ASSERT(scalar_path_kernels().least_sum(row.data(), column.data(), stride) == expected[0]);
}

RC_GTEST_PROP(PathKernels, AvoidNodesLikeTheScalarOnes, ()) {
    const std::size_t stride = *rc::gen::inRange<std::size_t>(1, 5) * kCostLanes;
    std::vector<std::vector<TaggedCost>> ranks(kFirstHops, std::vector<TaggedCost>(stride));
    for (std::size_t k = 0; k < stride; ++k) {
        // What a search keeps: different first nodes, ascending.
        const auto first = *rc::gen::unique<std::vector<std::size_t>>(kFirstHops, rc::gen::inRange<std::size_t>(0, 12));
        std::vector<TaggedCost> hops;
        for (const std::size_t m : first) {
            hops.push_back(tag_cost(random_cost(), m));
        }
        std::ranges::sort(hops);
        for (std::size_t r = 0; r < kFirstHops; ++r) {
            ranks[r][k] = hops[r];
        }
    }
    const TaggedCost* hops[kFirstHops];
    for (std::size_t r = 0; r < kFirstHops; ++r) {
        hops[r] = ranks[r].data();
    }
    const auto column = random_column(stride);
    const auto node = rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 12), rc::gen::just(Avoided::kNobody));
    const Avoided avoided{*node, *node, *node};
    const TaggedCost expected = scalar_path_kernels().least_avoiding(hops, column.data(), stride, avoided);
    for (const PathKernels* kernels : vector_kernels()) {
        RC_ASSERT(kernels->least_avoiding(hops, column.data(), stride, avoided) == expected);
    }
}

RC_GTEST_PROP(PathKernels, LowerToSumsLikeTheScalarOnes, ()) {
    const std::size_t stride = *rc::gen::inRange<std::size_t>(1, 7) * kCostLanes;
    const auto row = random_column(stride);
    const auto before = random_column(stride);
    const Cost cost = random_cost();
    std::vector<Cost> expected = before;
    for (std::size_t k = 0; k < stride; ++k) {
        expected[k] = cost + row[k] < before[k] ? cost + row[k] : before[k];
    }
    std::vector<const PathKernels*> all = vector_kernels();
    all.push_back(&scalar_path_kernels());
    for (const PathKernels* kernels : all) {
        std::vector<Cost> lowered = before;
        kernels->lower_to_sums(lowered.data(), cost, row.data(), stride);
        RC_ASSERT(lowered == expected);
    }
}

TEST(PathKernels, TheWidestIsChosen) {
    const PathKernels* widest = avx512_path_kernels();
    EXPECT_EQ(best_path_kernels().name, widest != nullptr ? "avx512" : "avx2");
}

}  // namespace
}  // namespace izar
