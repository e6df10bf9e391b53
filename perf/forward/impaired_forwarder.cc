#include "perf/forward/impaired_forwarder.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>

namespace izar {

unsigned ImpairedForwarder::round() noexcept {
    const std::uint64_t start = __rdtsc();
    std::array<rte_mbuf*, kMaxBurst> frames;
    const std::uint16_t n = rte_eth_rx_burst(from_, 0, frames.data(), kMaxBurst);
    std::uint16_t kept = 0;
    for (std::uint16_t i = 0; i < n; ++i) {
        if (impairment_.drop_every != 0 && ++until_drop_ == impairment_.drop_every) {
            until_drop_ = 0;
            rte_pktmbuf_free(frames[i]);
        } else {
            frames[kept++] = frames[i];
        }
    }
    const std::uint16_t sent = kept != 0 ? rte_eth_tx_burst(to_, 0, frames.data(), kept) : kept;
    if (sent < kept) {
        rte_pktmbuf_free_bulk(&frames[sent], kept - sent);
    }
    while (__rdtsc() - start < std::uint64_t{n} * impairment_.cycles_per_packet) {
    }
    lost_.fetch_add(static_cast<std::uint64_t>(n - sent), std::memory_order_relaxed);
    received_.fetch_add(n, std::memory_order_relaxed);
    return n;
}

void ImpairedForwarder::run() noexcept {
    run_rounds([this](std::uint64_t) { return round(); });
}

Progress ImpairedForwarder::progress() const noexcept {
    Progress out;
    out.received = received_.load(std::memory_order_relaxed);
    out.lost = lost_.load(std::memory_order_relaxed);
    out.sent = out.received - out.lost;
    meter().read(out);
    return out;
}

}  // namespace izar
