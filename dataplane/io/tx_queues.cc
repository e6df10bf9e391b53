#include "dataplane/io/tx_queues.h"

#include <rte_ethdev.h>

namespace izar {

void TxQueues::flush_all() noexcept {
    for (std::size_t port = 0; port < kMaxPorts; ++port) {
        if (batches_[port].size != 0) {
            flush(PortIndex{static_cast<std::uint8_t>(port)});
        }
    }
}

void TxQueues::flush(PortIndex port) noexcept {
    Batch& batch = batches_[raw(port)];
    PortCounters& count = counters_.ports[raw(port)];
    std::uint64_t bytes = 0;
    for (unsigned i = 0; i < batch.size; ++i) {
        bytes += batch.frames[i]->pkt_len;
    }
    const std::uint16_t sent = rte_eth_tx_burst(dpdk_ids_[raw(port)], queue_, batch.frames.data(), batch.size);
    if (sent < batch.size) {
        const std::uint16_t left = static_cast<std::uint16_t>(batch.size - sent);
        for (unsigned i = sent; i < batch.size; ++i) {
            bytes -= batch.frames[i]->pkt_len;
        }
        rte_pktmbuf_free_bulk(&batch.frames[sent], left);
        count.tx_dropped += left;
        counters_.verdicts[static_cast<std::size_t>(Verdict::tx_full)] += left;
    }
    counters_.tx += sent;
    count.tx_packets += sent;
    count.tx_bytes += bytes;
    batch.size = 0;
}

}  // namespace izar
