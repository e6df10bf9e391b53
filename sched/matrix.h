// matrix.h -- RttMatrix: what every ordered pair of nodes costs, dense, as path search wants it.
//
// Thread: a value; whoever holds it owns it.
// Units:  milliseconds (or any other additive link cost). kUnknownRtt = no measurement: infinite, never good.
// Layout: one row per source, padded with kUnknownRtt to whole cache lines, rows 64-byte aligned, so that
//         vector code needs no tail. The diagonal is 0: a node reaches itself for nothing.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "dataplane/base/check.h"

namespace izar {

inline constexpr float kUnknownRtt = std::numeric_limits<float>::infinity();

class RttMatrix {
  public:
    RttMatrix() = default;
    explicit RttMatrix(std::size_t nodes)
        : nodes_(nodes), lines_per_row_((nodes + kLineFloats - 1) / kLineFloats), lines_(nodes * lines_per_row_) {
        for (std::size_t node = 0; node < nodes; ++node)
            row(node)[node] = 0.0F;
    }

    std::size_t nodes() const noexcept { return nodes_; }
    std::size_t stride() const noexcept { return lines_per_row_ * kLineFloats; }  // floats from row to row

    float* row(std::size_t from) noexcept { return lines_[from * lines_per_row_].rtt; }
    const float* row(std::size_t from) const noexcept { return lines_[from * lines_per_row_].rtt; }

    float at(std::size_t from, std::size_t to) const noexcept { return row(from)[to]; }
    void set(std::size_t from, std::size_t to, float rtt) {
        CHECK(from < nodes_ && to < nodes_ && from != to && rtt >= 0.0F);
        row(from)[to] = rtt;
    }

    // Whether both directions of every link are equal, unknown ones included.
    bool symmetric() const noexcept;
    // The same links read backwards: row t holds what every source pays to reach t.
    RttMatrix transposed() const;

    friend bool operator==(const RttMatrix&, const RttMatrix&) = default;

  private:
    static constexpr std::size_t kLineFloats = 16;
    struct alignas(64) Line {
        float rtt[kLineFloats] = {kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt,
                                  kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt,
                                  kUnknownRtt, kUnknownRtt, kUnknownRtt, kUnknownRtt};
        friend bool operator==(const Line&, const Line&) = default;
    };
    static_assert(sizeof(Line) == 64);

    std::size_t nodes_ = 0;
    std::size_t lines_per_row_ = 0;
    std::vector<Line> lines_;
};

}  // namespace izar
