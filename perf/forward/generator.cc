#include "perf/forward/generator.h"

#include <rte_mempool.h>

#include <algorithm>
#include <array>
#include <span>

#include "dataplane/base/limits.h"

namespace izar {

Generator::Generator(const Scenario& scenario, rte_ring* in, const RingPort& wan, const RingPort& lan,
                     rte_mempool* pool, const MacAddress& mac, const TscClock& clock)
    : scenario_(scenario),
      in_(in),
      out_{wan.from_node(), lan.from_node()},
      pool_(pool),
      clock_(clock),
      writer_(scenario, mac),
      judge_(scenario) {}

bool Generator::send(unsigned n, std::uint32_t first_flow, bool in_order) noexcept {
    std::array<rte_mbuf*, kMaxBurst> frames;
    if (rte_ring_free_count(in_) < n || rte_pktmbuf_alloc_bulk(pool_, frames.data(), n) != 0) {
        return false;
    }
    const Instant now = clock_.now();
    for (unsigned i = 0; i < n; ++i) {
        writer_.write(frames[i], in_order ? first_flow + i : random_.below(scenario_.flows), now);
    }
    writer_.finish(std::span{frames}.first(n));
    tally_.sent += rte_ring_sp_enqueue_burst(in_, reinterpret_cast<void**>(frames.data()), n, nullptr);
    return true;
}

void Generator::collect_from(rte_ring* ring, bool judge) noexcept {
    std::array<rte_mbuf*, 2 * kMaxBurst> frames;
    while (true) {
        const unsigned n =
            rte_ring_sc_dequeue_burst(ring, reinterpret_cast<void**>(frames.data()), frames.size(), nullptr);
        if (n == 0) {
            return;
        }
        for (unsigned i = 0; judge && i < n; ++i) {
            tally_.wrong += !PacketJudge::is_control(frames[i]) && !judge_.right(frames[i]) ? 1 : 0;
        }
        rte_pktmbuf_free_bulk(frames.data(), n);
        tally_.received += n;
    }
}

void Generator::collect() noexcept {
    for (rte_ring* ring : out_) {
        collect_from(ring, false);
    }
}

unsigned Generator::step(unsigned n) noexcept {
    collect();
    return n != 0 && send(n, 0, false) ? n : 0;
}

void Generator::open_flows() noexcept {
    for (std::uint32_t flow = 0; flow < scenario_.flows;) {
        const auto n = static_cast<unsigned>(std::min<std::size_t>(kMaxBurst, scenario_.flows - flow));
        flow += send(n, flow, true) ? n : 0;
        for (rte_ring* ring : out_) {
            collect_from(ring, true);
        }
    }
}

}  // namespace izar
