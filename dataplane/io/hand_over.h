// hand_over.h -- HandOver: rings by which an lcore gives packets to the lcore that owns their flow.
//
// Thread: ring [from][to] is written by lcore `from` and read by lcore `to` only, so each is SPSC.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <bit>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/base/limits.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/lcore/verdict.h"

struct rte_ring;

namespace izar {

class HandOver {
  public:
    // Slots of each ring, given the packet buffers of the process: a power of two, of which one stays free. While an
    // lcore does not run, because something else has its CPU, the rings that lead to it fill; together they take less
    // than half of the buffers, so that the others can go on receiving.
    static constexpr std::size_t slots(std::size_t lcores, std::size_t buffers) noexcept {
        return std::bit_floor(buffers / (2 * lcores));
    }

    // Rings between every two of `lcores`, named after `prefix`. Needs DPDK's memory.
    static Result<std::unique_ptr<HandOver>> make(const std::string& prefix, std::size_t lcores, std::size_t buffers);
    ~HandOver();
    HandOver(const HandOver&) = delete;

    // Returns how many of the packets, from the first on, `to` will get; the ring has no room for the others, which
    // stay with the caller. One call for many: each makes the reader's core ask for the ring's state anew.
    std::size_t put(LcoreIndex from, LcoreIndex to, std::span<rte_mbuf* const> packets) noexcept;
    // Takes up to kMaxBurst packets that `from` gave to `to`; returns how many.
    unsigned take(LcoreIndex from, LcoreIndex to, std::array<rte_mbuf*, kMaxBurst>& out) noexcept;
    std::size_t lcores() const noexcept { return lcores_; }

  private:
    explicit HandOver(std::size_t lcores) : lcores_(lcores), rings_(lcores * lcores) {}
    rte_ring*& ring(LcoreIndex from, LcoreIndex to) noexcept { return rings_[raw(from) * lcores_ + raw(to)]; }

    std::size_t lcores_;
    std::vector<rte_ring*> rings_;
};

}  // namespace izar
