#include "dataplane/stages/pipeline.h"

#include "dataplane/io/resolve.h"
#include "dataplane/stages/answer.h"
#include "dataplane/stages/find_flow.h"
#include "dataplane/stages/follow_flow.h"
#include "dataplane/stages/frame.h"
#include "dataplane/stages/open_overlay.h"
#include "dataplane/stages/parse.h"
#include "dataplane/stages/reflect_probes.h"
#include "dataplane/stages/seal_overlay.h"
#include "dataplane/stages/send.h"

namespace izar {
namespace {

// From inner IP packets to finished frames.
void process_packets(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    sort_odd(burst, lcore, published);
    find_flow(burst, lcore, published, now);
    // From here, every lane on forward and reply has a flow.
    follow_flow(burst, lcore, published, now);
    answer_resets(burst, lcore, published);
    deliver(burst, lcore, published);
    pass_exceptions(burst, lcore, now);
    // From here, every live lane has a path (seal, relay), a next hop (address), its sender as next hop
    // (bounce), or is a finished frame (out).
    seal_overlay(burst, lcore, now);
    address_frames(burst, lcore, now);
    transmit(burst, lcore);
}

}  // namespace

void process_frames(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    lcore.counters.rx += burst.size;
    parse(burst, lcore.shared.interfaces);
    answer_neighbors(burst, lcore, published, now);
    reflect_probes(burst, lcore, now);
    open_overlay(burst, lcore, published, now);
    // From here, overlay headers are off: lanes are inner packets with a role, or have a verdict.
    process_packets(burst, lcore, published, now);
}

void process_handed(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    lcore.counters.handed_in += burst.size;
    for (unsigned lane = 0; lane < burst.size; ++lane) {
        burst.note[lane] = attached_note(burst.mbuf[lane]);
        sort_ip(burst, lane);
    }
    process_packets(burst, lcore, published, now);
}

}  // namespace izar
