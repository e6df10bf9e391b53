// hold_queue.h -- HoldQueue: one lcore's packets that wait for the MAC address of their next hop.
//
// Thread: one lcore. Fixed size; a packet waits at most kLongestHold.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr Nanos kLongestHold = std::chrono::seconds{1};

class HoldQueue {
  public:
    struct Held {
        rte_mbuf* frame;  // starts at its IP header
        NeighborIndex neighbor;
        Instant until;
    };

    // False if full; the frame stays with the caller.
    bool put(rte_mbuf* frame, NeighborIndex neighbor, Instant now) noexcept {
        if (size_ == held_.size()) {
            return false;
        }
        held_[size_++] = {frame, neighbor, now + kLongestHold};
        return true;
    }

    // Calls decide(const Held&) -> bool for each packet, oldest first; true takes it out of the queue.
    template <typename Decide>
    void review(Decide&& decide) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            if (!decide(static_cast<const Held&>(held_[i]))) {
                held_[kept++] = held_[i];
            }
        }
        size_ = kept;
    }
    std::size_t size() const noexcept { return size_; }

  private:
    std::array<Held, kMaxHeld> held_;
    std::size_t size_ = 0;
};

}  // namespace izar
