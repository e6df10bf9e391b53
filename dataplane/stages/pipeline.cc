#include "dataplane/stages/pipeline.h"

#include "dataplane/stages/stage_order.h"

namespace izar {
namespace {

constexpr auto kNothingBetween = [](Stage) {};

}  // namespace

void process_frames(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    lcore.counters.rx += burst.size;
    run_frame_stages(burst, lcore, published, now, kNothingBetween);
}

void process_handed(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    lcore.counters.handed_in += burst.size;
    for (unsigned lane = 0; lane < burst.size; ++lane) {
        burst.note[lane] = attached_note(burst.mbuf[lane]);
        sort_ip(burst, lane);
    }
    run_packet_stages(burst, lcore, published, now, kNothingBetween);
}

}  // namespace izar
