#include "sched/path_kernels.h"

#include <algorithm>
#include <vector>

namespace izar {
namespace {
constexpr std::size_t kLanes = 8;
}
}  // namespace izar

#include "sched/path_kernels_impl.h"

namespace izar {

extern const PathKernels kAvx512PathKernels;  // path_kernels_avx512.cc

namespace {

void scalar_least_sums(const TaggedCost* row, const Cost* column, std::size_t stride, TaggedCost* out) {
    std::vector<TaggedCost> sums(std::max(stride, kFirstHops), ~TaggedCost{0});
    for (std::size_t m = 0; m < stride; ++m) {
        sums[m] = row[m] + (column[m] << kIndexBits);
    }
    std::partial_sort_copy(sums.begin(), sums.end(), out, out + kFirstHops);
}

TaggedCost scalar_least_sum(const TaggedCost* row, const Cost* column, std::size_t stride) {
    TaggedCost best = ~TaggedCost{0};
    for (std::size_t k = 0; k < stride; ++k) {
        best = std::min(best, row[k] + (column[k] << kIndexBits));
    }
    return best;
}

TaggedCost scalar_least_avoiding(const TaggedCost* const hops[kFirstHops], const Cost* column, std::size_t stride,
                                 const Avoided& avoided) {
    TaggedCost best = ~TaggedCost{0};
    for (std::size_t k = 0; k < stride; ++k) {
        if (k == avoided.relay_a || k == avoided.relay_b) {
            continue;
        }
        for (std::size_t r = 0; r < kFirstHops; ++r) {
            const TaggedCost hop = hops[r][k];
            const auto first = index_of(hop);
            if (hop == ~TaggedCost{0} || first == avoided.relay_a || first == avoided.relay_b ||
                first == avoided.destination) {
                continue;
            }
            best = std::min(best, tag_cost(cost_of(hop) + column[k], k));
        }
    }
    return best;
}

void scalar_lower_to_sums(Cost* least, Cost cost, const Cost* row, std::size_t stride) {
    for (std::size_t k = 0; k < stride; ++k) {
        least[k] = std::min(least[k], cost + row[k]);
    }
}

constexpr PathKernels kScalar{"scalar", scalar_least_sums, scalar_least_sum, scalar_least_avoiding,
                              scalar_lower_to_sums};
constexpr PathKernels kAvx2{make_kernels("avx2")};

}  // namespace

const PathKernels& scalar_path_kernels() noexcept {
    return kScalar;
}
const PathKernels& avx2_path_kernels() noexcept {
    return kAvx2;
}
const PathKernels* avx512_path_kernels() noexcept {
    // The parts of x86-64-v4 beyond v3.
    const bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
    return runs ? &kAvx512PathKernels : nullptr;
}
const PathKernels& best_path_kernels() noexcept {
    const PathKernels* widest = avx512_path_kernels();
    return widest != nullptr ? *widest : kAvx2;
}

}  // namespace izar
