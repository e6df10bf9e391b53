// min_plus_test.cc -- Every kernel against three nested loops, on random sizes, symmetric and not.
#include "sched/min_plus.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

namespace izar {
namespace {

RttMatrix random_matrix(std::size_t nodes, bool symmetric, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> rtt(0.1F, 300.0F);
    std::bernoulli_distribution unknown(0.1);
    RttMatrix matrix(nodes);
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to)
                matrix.set(
                    from, to,
                    symmetric && to < from ? matrix.at(to, from) : (unknown(random) ? kUnknownRtt : rtt(random)));
    return matrix;
}

RttMatrix by_nested_loops(const RttMatrix& direct, int relays) {
    RttMatrix best = direct;
    for (int relay = 0; relay < relays; ++relay) {
        RttMatrix longer = best;
        for (std::size_t s = 0; s < best.nodes(); ++s)
            for (std::size_t t = 0; t < best.nodes(); ++t)
                for (std::size_t m = 0; m < best.nodes(); ++m)
                    longer.row(s)[t] = std::min(longer.at(s, t), best.at(s, m) + direct.at(m, t));
        best = longer;
    }
    return best;
}

std::vector<MinPlusKernel> kernels_here() {
    std::vector<MinPlusKernel> kernels{MinPlusKernel::scalar};
    if (best_min_plus_kernel() >= MinPlusKernel::avx2)
        kernels.push_back(MinPlusKernel::avx2);
    if (best_min_plus_kernel() == MinPlusKernel::avx512)
        kernels.push_back(MinPlusKernel::avx512);
    return kernels;
}

RC_GTEST_PROP(MinPlus, EveryKernelAgreesWithNestedLoops, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(1, 200);
    const auto symmetric = *rc::gen::arbitrary<bool>();
    const auto relays = *rc::gen::inRange(0, 3);
    const auto direct = random_matrix(nodes, symmetric, *rc::gen::arbitrary<std::uint32_t>());
    const auto expected = by_nested_loops(direct, relays);
    for (const auto kernel : kernels_here()) {
        const auto got = best_paths(direct, relays, kernel);
        for (std::size_t s = 0; s < nodes; ++s)
            for (std::size_t t = 0; t < nodes; ++t) {
                // A mirrored sum is added in the other order: equal but for the last bits.
                const float want = expected.at(s, t);
                RC_ASSERT(got.at(s, t) == want || std::abs(got.at(s, t) - want) <= want * 1e-6F);
            }
    }
}

TEST(RttMatrix, PaddingAndUnknownLinksAreInfinite) {
    RttMatrix matrix(3);
    EXPECT_EQ(matrix.stride(), 16U);
    EXPECT_EQ(matrix.at(0, 0), 0.0F);
    EXPECT_EQ(matrix.at(0, 2), kUnknownRtt);
    EXPECT_EQ(matrix.row(2)[3], kUnknownRtt);
    matrix.set(0, 2, 5.0F);
    EXPECT_FALSE(matrix.symmetric());
    EXPECT_EQ(matrix.transposed().at(2, 0), 5.0F);
}

}  // namespace
}  // namespace izar
