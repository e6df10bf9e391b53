// min_plus.cc -- Blocked min-plus product.
//
// A tile of kTileRows sources x kPanel destinations lives in registers while the loop runs over a block of
// middle nodes; the panel of `second` for that block is copied once into a contiguous buffer (16 KiB, so it
// stays in L1) and serves all sources. Two vector operations per 8 or 16 cells, nothing else in the loop.
#include "sched/min_plus.h"

#if !defined(__clang__)
// GCC bug 105593: its own AVX-512 header warns when an intrinsic with an undefined operand is inlined.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <memory>

namespace izar {
namespace {

constexpr std::size_t kPanel = 32;    // destinations of a tile
constexpr std::size_t kTileRows = 4;  // sources of a tile
constexpr std::size_t kMiddle = 128;  // middle nodes of a block

// The panel of `second` that a tile reads: `middle` rows of kPanel floats.
struct alignas(64) PanelBlock {
    float rtt[kMiddle * kPanel];
};

// One tile: rows of `first` at the block's first middle node, of `best` at the panel's first destination.
using TileKernel = void (*)(float* const* best, const float* const* first, const float* panel, std::size_t middle);

template <std::size_t Rows>
void tile_scalar(float* const* best, const float* const* first, const float* panel, std::size_t middle) {
    for (std::size_t row = 0; row < Rows; ++row)
        for (std::size_t m = 0; m < middle; ++m)
            for (std::size_t to = 0; to < kPanel; ++to)
                best[row][to] = std::min(best[row][to], first[row][m] + panel[m * kPanel + to]);
}

template <std::size_t Rows>
__attribute__((target("avx2"))) void tile_avx2(float* const* best, const float* const* first, const float* panel,
                                               std::size_t middle) {
    for (std::size_t half = 0; half < kPanel; half += 16) {
        __m256 left[Rows];
        __m256 right[Rows];
        for (std::size_t row = 0; row < Rows; ++row) {
            left[row] = _mm256_load_ps(best[row] + half);
            right[row] = _mm256_load_ps(best[row] + half + 8);
        }
        for (std::size_t m = 0; m < middle; ++m) {
            const __m256 to_left = _mm256_load_ps(panel + m * kPanel + half);
            const __m256 to_right = _mm256_load_ps(panel + m * kPanel + half + 8);
            for (std::size_t row = 0; row < Rows; ++row) {
                const __m256 hop = _mm256_broadcast_ss(first[row] + m);
                left[row] = _mm256_min_ps(left[row], _mm256_add_ps(hop, to_left));
                right[row] = _mm256_min_ps(right[row], _mm256_add_ps(hop, to_right));
            }
        }
        for (std::size_t row = 0; row < Rows; ++row) {
            _mm256_store_ps(best[row] + half, left[row]);
            _mm256_store_ps(best[row] + half + 8, right[row]);
        }
    }
}

template <std::size_t Rows>
__attribute__((target("avx512f"))) void tile_avx512(float* const* best, const float* const* first, const float* panel,
                                                    std::size_t middle) {
    __m512 left[Rows];
    __m512 right[Rows];
    for (std::size_t row = 0; row < Rows; ++row) {
        left[row] = _mm512_load_ps(best[row]);
        right[row] = _mm512_load_ps(best[row] + 16);
    }
    for (std::size_t m = 0; m < middle; ++m) {
        const __m512 to_left = _mm512_load_ps(panel + m * kPanel);
        const __m512 to_right = _mm512_load_ps(panel + m * kPanel + 16);
        for (std::size_t row = 0; row < Rows; ++row) {
            const __m512 hop = _mm512_set1_ps(first[row][m]);
            left[row] = _mm512_min_ps(left[row], _mm512_add_ps(hop, to_left));
            right[row] = _mm512_min_ps(right[row], _mm512_add_ps(hop, to_right));
        }
    }
    for (std::size_t row = 0; row < Rows; ++row) {
        _mm512_store_ps(best[row], left[row]);
        _mm512_store_ps(best[row] + 16, right[row]);
    }
}

struct Kernels {
    TileKernel rows;  // kTileRows sources
    TileKernel row;   // one source, for the last few
};

Kernels kernels_of(MinPlusKernel kernel) {
    switch (kernel) {
        case MinPlusKernel::avx512:
            return {tile_avx512<kTileRows>, tile_avx512<1>};
        case MinPlusKernel::avx2:
            return {tile_avx2<kTileRows>, tile_avx2<1>};
        case MinPlusKernel::scalar:
            break;
    }
    return {tile_scalar<kTileRows>, tile_scalar<1>};
}

// Destinations past the row's padding (a stride need not be a multiple of kPanel) are unknown; their cells of
// `best` go to a scratch row.
void copy_panel(PanelBlock& panel, const RttMatrix& second, std::size_t to, std::size_t first_middle,
                std::size_t middle, std::size_t width) {
    for (std::size_t m = 0; m < middle; ++m) {
        const float* from = second.row(first_middle + m) + to;
        std::copy_n(from, width, panel.rtt + m * kPanel);
        std::fill(panel.rtt + m * kPanel + width, panel.rtt + (m + 1) * kPanel, kUnknownRtt);
    }
}

// Sources [0, last_source) of one panel of destinations.
void relax_panel(RttMatrix& best, const RttMatrix& first, const RttMatrix& second, std::size_t to,
                 std::size_t last_source, const Kernels& kernels, PanelBlock& panel) {
    const std::size_t nodes = best.nodes();
    const std::size_t width = std::min(kPanel, best.stride() - to);
    alignas(64) float scratch[kTileRows][kPanel];
    for (std::size_t middle = 0; middle < nodes; middle += kMiddle) {
        const std::size_t count = std::min(kMiddle, nodes - middle);
        copy_panel(panel, second, to, middle, count, width);
        for (std::size_t source = 0; source < last_source;) {
            const std::size_t rows = source + kTileRows <= last_source ? kTileRows : 1;
            float* out[kTileRows];
            const float* in[kTileRows];
            for (std::size_t row = 0; row < rows; ++row) {
                out[row] = best.row(source + row) + to;
                in[row] = first.row(source + row) + middle;
                if (width < kPanel) {
                    std::copy_n(out[row], width, scratch[row]);
                    std::fill(scratch[row] + width, scratch[row] + kPanel, kUnknownRtt);
                    out[row] = scratch[row];
                }
            }
            (rows == kTileRows ? kernels.rows : kernels.row)(out, in, panel.rtt, count);
            if (width < kPanel)
                for (std::size_t row = 0; row < rows; ++row)
                    std::copy_n(scratch[row], width, best.row(source + row) + to);
            source += rows;
        }
    }
}

}  // namespace

MinPlusKernel best_min_plus_kernel() noexcept {
    if (__builtin_cpu_supports("avx512f"))
        return MinPlusKernel::avx512;
    return __builtin_cpu_supports("avx2") ? MinPlusKernel::avx2 : MinPlusKernel::scalar;
}

void relax_through(RttMatrix& best, const RttMatrix& first, const RttMatrix& second, MinPlusKernel kernel) {
    CHECK(first.nodes() == best.nodes() && second.nodes() == best.nodes() && &best != &first && &best != &second);
    const auto panel = std::make_unique<PanelBlock>();
    for (std::size_t to = 0; to < best.nodes(); to += kPanel)
        relax_panel(best, first, second, to, best.nodes(), kernels_of(kernel), *panel);
}

void relax_through_symmetric(RttMatrix& best, const RttMatrix& first, const RttMatrix& second, MinPlusKernel kernel) {
    CHECK(first.nodes() == best.nodes() && second.nodes() == best.nodes() && &best != &first && &best != &second);
    const auto panel = std::make_unique<PanelBlock>();
    const std::size_t nodes = best.nodes();
    for (std::size_t to = 0; to < nodes; to += kPanel)
        relax_panel(best, first, second, to, std::min(nodes, to + kPanel), kernels_of(kernel), *panel);
    // Mirrored in squares, so that reading down a column does not miss the cache on every step.
    for (std::size_t block = 0; block < nodes; block += kPanel)
        for (std::size_t from = 0; from < nodes; ++from)
            for (std::size_t to = std::max(block, from + 1); to < std::min(nodes, block + kPanel); ++to)
                best.row(to)[from] = best.at(from, to);
}

RttMatrix best_paths(const RttMatrix& direct, int relays, MinPlusKernel kernel) {
    CHECK(relays >= 0 && relays <= 2);
    const auto relax = direct.symmetric() ? relax_through_symmetric : relax_through;
    RttMatrix best = direct;
    for (int relay = 0; relay < relays; ++relay) {
        RttMatrix longer = best;
        relax(longer, best, direct, kernel);
        best = std::move(longer);
    }
    return best;
}

}  // namespace izar
