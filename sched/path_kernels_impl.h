// path_kernels_impl.h -- The vector loops behind path_kernels.h, for one width of vector.
//
// Included by one source file for each instruction set, which gives kLanes and the name. Everything is in an
// unnamed namespace and calls nothing from other headers: code for AVX-512 must not become the copy of an
// inline function that the linker keeps for everybody.
#pragma once

#include <cstring>

#include "sched/path_kernels.h"

namespace izar {
namespace {

using Vector = std::uint32_t __attribute__((vector_size(kLanes * sizeof(std::uint32_t))));

Vector load(const std::uint32_t* from) noexcept {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
}
void store(std::uint32_t* to, Vector v) noexcept {
    std::memcpy(to, &v, sizeof v);
}
Vector least(Vector a, Vector b) noexcept {
    return a < b ? a : b;
}
Vector most(Vector a, Vector b) noexcept {
    return a < b ? b : a;
}
std::uint32_t least_lane(Vector v) noexcept {
    std::uint32_t result = v[0];
    for (std::size_t i = 1; i < kLanes; ++i) {
        result = v[i] < result ? v[i] : result;
    }
    return result;
}

// Each lane sorts its own stream into kFirstHops registers; the lanes are merged at the end. No branch
// depends on the data.
void least_sums(const TaggedCost* row, const Cost* column, std::size_t stride, TaggedCost* out) {
    Vector kept[kFirstHops];
    for (auto& v : kept) {
        v = ~Vector{};
    }
    for (std::size_t m = 0; m < stride; m += kLanes) {
        Vector sum = load(row + m) + (load(column + m) << kIndexBits);
        for (auto& v : kept) {
            const Vector lower = least(v, sum);
            sum = most(v, sum);
            v = lower;
        }
    }
    // The r-th smallest of all is among the first r+1 of its lane, so walk the lanes' heads in order.
    std::uint32_t heads[kFirstHops + 1][kLanes];
    std::memcpy(heads, kept, sizeof kept);
    std::memset(heads[kFirstHops], 0xFF, sizeof heads[kFirstHops]);
    std::size_t depth[kLanes] = {};
    for (std::size_t r = 0; r < kFirstHops; ++r) {
        std::size_t lane = 0;
        for (std::size_t i = 1; i < kLanes; ++i) {
            lane = heads[depth[i]][i] < heads[depth[lane]][lane] ? i : lane;
        }
        out[r] = heads[depth[lane]++][lane];
    }
}

TaggedCost least_sum(const TaggedCost* row, const Cost* column, std::size_t stride) {
    Vector best = ~Vector{};
    for (std::size_t k = 0; k < stride; k += kLanes) {
        best = least(best, load(row + k) + (load(column + k) << kIndexBits));
    }
    return least_lane(best);
}

TaggedCost least_avoiding(const TaggedCost* const hops[kFirstHops], const Cost* column, std::size_t stride,
                          const Avoided& avoided) {
    Vector lane{};
    for (std::size_t i = 0; i < kLanes; ++i) {
        lane[i] = static_cast<std::uint32_t>(i);
    }
    Vector best = ~Vector{};
    for (std::size_t k = 0; k < stride; k += kLanes) {
        Vector way = ~Vector{};
        for (std::size_t r = 4; r-- > 0;) {  // three can be avoided, so one of the first four is left
            const Vector hop = load(hops[r] + k);
            const Vector first = hop & kIndexMask;
            const Vector refused = Vector(first == avoided.relay_a) | Vector(first == avoided.relay_b) |
                                   Vector(first == avoided.destination);
            way = refused ? way : hop;
        }
        const Vector index = lane + static_cast<std::uint32_t>(k);
        const Vector refused = Vector(index == avoided.relay_a) | Vector(index == avoided.relay_b);
        const Vector sum = ((way & ~kIndexMask) + (load(column + k) << kIndexBits)) | index;
        // `way` of all ones would wrap around in the sum.
        best = (refused | Vector(way == ~std::uint32_t{})) ? best : least(best, sum);
    }
    return least_lane(best);
}

void lower_to_sums(Cost* lowered, Cost cost, const Cost* row, std::size_t stride) {
    for (std::size_t k = 0; k < stride; k += kLanes) {
        store(lowered + k, least(load(lowered + k), load(row + k) + cost));
    }
}

constexpr PathKernels make_kernels(std::string_view name) noexcept {
    return {name, least_sums, least_sum, least_avoiding, lower_to_sums};
}

}  // namespace
}  // namespace izar
