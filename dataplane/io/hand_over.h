// hand_over.h -- HandOver: rings by which an lcore gives packets to the lcore that owns their flow.
//
// Thread: ring [from][to] is written by lcore `from` and read by lcore `to` only, so each is SPSC.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <memory>
#include <vector>

#include "dataplane/base/limits.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/lcore/verdict.h"

struct rte_ring;

namespace izar {

class HandOver {
  public:
    // Rings between every two of `lcores`, named after `prefix`. Needs DPDK's memory.
    static Result<std::unique_ptr<HandOver>> make(const std::string& prefix, std::size_t lcores);
    ~HandOver();
    HandOver(const HandOver&) = delete;

    // Verdict::hand_over, or ring_full if the packet stays with the caller.
    Verdict put(LcoreIndex from, LcoreIndex to, rte_mbuf* m) noexcept;
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
