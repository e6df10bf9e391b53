#include "perf/forward/impaired_forwarder.h"

#include <rte_mbuf.h>

#include <array>

namespace izar {

unsigned ImpairedForwarder::round() noexcept {
    const std::uint64_t start = __rdtsc();
    std::array<rte_mbuf*, kMaxBurst> frames;
    const std::uint16_t n = receive(frames);
    std::uint16_t kept = 0;
    for (std::uint16_t i = 0; i < n; ++i) {
        if (impairment_.drop_every != 0 && ++until_drop_ == impairment_.drop_every) {
            until_drop_ = 0;
            rte_pktmbuf_free(frames[i]);
        } else {
            frames[kept++] = frames[i];
        }
    }
    send(frames, kept, n);
    while (__rdtsc() - start < std::uint64_t{n} * impairment_.cycles_per_packet) {
    }
    return n;
}

void ImpairedForwarder::run() noexcept {
    run_rounds([this](std::uint64_t) { return round(); });
}

}  // namespace izar
