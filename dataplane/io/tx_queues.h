// tx_queues.h -- TxQueues: one lcore's finished frames on their way to the ports.
//
// Thread: one lcore; queue i of every port belongs to lcore i. Frames leave at the end of the round that
//         made them: nothing waits for a fuller batch.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/lcore/counters.h"

namespace izar {

class TxQueues {
  public:
    // `dpdk_ids[i]` is the DPDK port id of PortIndex i.
    TxQueues(LcoreIndex lcore, LcoreCounters& counters, const std::array<std::uint16_t, kMaxPorts>& dpdk_ids)
        : queue_(raw(lcore)), counters_(counters), dpdk_ids_(dpdk_ids) {}

    // Takes a frame; sends what has gathered for the port if that fills the batch.
    void put(PortIndex port, rte_mbuf* m) noexcept {
        Batch& batch = batches_[raw(port)];
        batch.frames[batch.size++] = m;
        if (batch.size == batch.frames.size()) {
            flush(port);
        }
    }
    // Sends everything. Frames that a port does not take are freed and counted as tx_full.
    void flush_all() noexcept;

  private:
    struct Batch {
        std::array<rte_mbuf*, 2 * kMaxBurst> frames;
        std::uint16_t size = 0;
    };
    void flush(PortIndex port) noexcept;

    std::uint16_t queue_;
    LcoreCounters& counters_;
    std::array<std::uint16_t, kMaxPorts> dpdk_ids_;
    std::array<Batch, kMaxPorts> batches_{};
};

}  // namespace izar
