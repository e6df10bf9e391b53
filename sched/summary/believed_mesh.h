// believed_mesh.h -- BelievedMesh: what the receivers of a summary see, while it is being put together.
//
// For every destination the links that lead into it and are kept, and for every pair the best way over the
// source's own row and at most one kept link. Both only ever get better as links are added.
//
// Thread: a value of the function that builds a summary.
// Layout: matrices are by destination: row t holds the cost from every source.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/matrix.h"
#include "sched/summary/prune.h"

namespace izar {

class BelievedMesh {
  public:
    // A kept link into some destination.
    struct Entry {
        std::uint16_t from;
        bool fresh;
        float believed;
    };

    explicit BelievedMesh(const RttMatrix& direct);

    std::size_t nodes() const noexcept { return own_.nodes(); }
    bool symmetric() const noexcept { return symmetric_; }

    // Keeps the link (both directions in a symmetric mesh), or betters the belief in one that is kept.
    void keep(LinkIndex link, float believed, bool fresh);

    const std::vector<Entry>& into(std::size_t to) const noexcept { return into_[to]; }
    // Cost of the direct link to `to` from every source: exact, every source knows its own row.
    const float* own(std::size_t to) const noexcept { return own_.row(to); }
    // Best cost to `to` from every source over at most one kept link.
    const float* one_relay(std::size_t to) const noexcept { return one_relay_.row(to); }
    // Fills `cost` (a row) with the best cost to `to` over at most two kept links.
    void two_relays(std::size_t to, float* cost) const;

    // Everything kept, ordered; in a symmetric mesh each pair once.
    std::vector<KeptLink> kept() const;

  private:
    void keep_one(std::size_t from, std::size_t to, float believed, bool fresh);

    bool symmetric_;
    RttMatrix own_;        // by destination
    RttMatrix one_relay_;  // by destination
    std::vector<std::vector<Entry>> into_;
};

// best[i] = min(best[i], way[i] + hop) over a row; `stride` is a multiple of 16.
void relax_row(float* best, const float* way, float hop, std::size_t stride) noexcept;

// The least of x[i] + y[i] over a row and where it is first.
struct LeastSum {
    float cost;
    std::size_t index;
};
LeastSum least_sum(const float* x, const float* y, std::size_t stride) noexcept;

}  // namespace izar
