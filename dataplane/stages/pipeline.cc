#include "dataplane/stages/pipeline.h"

#include <span>

#include "dataplane/stages/ahead.h"
#include "dataplane/stages/stage_order.h"

namespace izar {
namespace {

constexpr auto kNothingBetween = [](Stage) {};

// Starts the way of every line that another lcore wrote: the mbufs with their notes, then the headers they lead to and
// the room in front of them.
void fetch_handed(std::span<rte_mbuf* const> packets) noexcept {
    for (rte_mbuf* const m : packets) {
        fetch_to_write(reinterpret_cast<const std::uint8_t*>(m));
        __builtin_prefetch(rte_mbuf_to_priv(m));
    }
    for (rte_mbuf* const m : packets) {
        const auto* const frame = rte_pktmbuf_mtod(m, const std::uint8_t*);
        fetch_to_write(frame);
        fetch_to_write(frame - RTE_CACHE_LINE_SIZE);
    }
}

}  // namespace

void process_frames(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    lcore.counters.rx += burst.size;
    run_frame_stages(burst, lcore, published, now, kNothingBetween);
}

void process_handed(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    lcore.counters.handed_in += burst.size;
    fetch_handed(std::span{burst.mbuf}.first(burst.size));
    for (unsigned lane = 0; lane < burst.size; ++lane) {
        burst.note[lane] = attached_note(burst.mbuf[lane]);
        sort_ip(burst, lane);
    }
    run_packet_stages(burst, lcore, published, now, kNothingBetween);
}

}  // namespace izar
