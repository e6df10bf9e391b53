// path_kernels.h -- The inner loops of path search: least sums over all nodes, with the node that gives them.
//
// Thread: pure functions over caller-owned arrays of `stride` elements (CostMatrix), any alignment.
//
// One source (path_kernels_impl.h) is compiled for AVX2, which izar requires, and for AVX-512; the choice
// is made once at run time. scalar_path_kernels() is the plain oracle that tests compare both with.
#pragma once

#include <cstddef>
#include <string_view>

#include "sched/cost.h"

namespace izar {

// Alternatives kept for the first part of a path: the best ways to a relay over at most one other. Backups
// exclude up to three of them (both relays of the primary and the destination itself), and a list of kMaxPaths
// best paths may take all of its members from one last relay, less the destination.
inline constexpr std::size_t kFirstHops = 5;
static_assert(kFirstHops > 3 && kFirstHops > kMaxPaths);

// Nodes that a path must not use. kNobody where there is none.
struct Avoided {
    static constexpr std::uint32_t kNobody = 0xFFFFFFFF;
    std::uint32_t relay_a = kNobody;
    std::uint32_t relay_b = kNobody;
    std::uint32_t destination = kNobody;  // excluded as first of two relays only
};

struct PathKernels {
    std::string_view name;

    // out[0..kFirstHops): the least values of row[m] + column[m], ascending; row is tagged with m.
    void (*least_sums)(const TaggedCost* row, const Cost* column, std::size_t stride, TaggedCost* out);

    // The least of row[k] + column[k]; row is tagged with k.
    TaggedCost (*least_sum)(const TaggedCost* row, const Cost* column, std::size_t stride);

    // hops[r][k] is the r-th best way to k, tagged with the relay m before k. The least of hops[r][k] + column[k]
    // over all k and r where neither k nor m is avoided, tagged with k; all ones if there is none.
    TaggedCost (*least_avoiding)(const TaggedCost* const hops[kFirstHops], const Cost* column, std::size_t stride,
                                 const Avoided& avoided);

    // least[k] = min(least[k], cost + row[k]), for every k. Both costs are at most kUnknownCost.
    void (*lower_to_sums)(Cost* least, Cost cost, const Cost* row, std::size_t stride);
};

const PathKernels& scalar_path_kernels() noexcept;
const PathKernels& avx2_path_kernels() noexcept;
const PathKernels* avx512_path_kernels() noexcept;  // null: this CPU has no AVX-512
const PathKernels& best_path_kernels() noexcept;    // the widest that this CPU runs

}  // namespace izar
