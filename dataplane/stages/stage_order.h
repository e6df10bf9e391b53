// stage_order.h -- The order of the stages, once: for the lcore, and for whoever wants to look between them.
//
// Thread: one lcore.
//
// `after(Stage)` is called behind each stage. The lcore's does nothing and costs nothing; perf/stage_bench reads the
// clock there.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dataplane/io/resolve.h"
#include "dataplane/lcore/lcore_state.h"
#include "dataplane/stages/answer.h"
#include "dataplane/stages/find_flow.h"
#include "dataplane/stages/follow_flow.h"
#include "dataplane/stages/frame.h"
#include "dataplane/stages/open_overlay.h"
#include "dataplane/stages/parse.h"
#include "dataplane/stages/reflect_probes.h"
#include "dataplane/stages/seal_overlay.h"
#include "dataplane/stages/send.h"
#include "dataplane/tables/published.h"

namespace izar {

enum class Stage : std::uint8_t {
    parse,
    answer_neighbors,
    reflect_probes,
    open_overlay,
    sort_odd,
    find_flow,
    follow_flow,
    answer_resets,
    deliver,
    pass_exceptions,
    seal_overlay,
    address_frames,
    transmit,
};

inline constexpr std::array<std::string_view, 13> kStageNames = {
    "parse",        "answer_neighbors", "reflect_probes", "open_overlay", "sort_odd",
    "find_flow",    "follow_flow",      "answer_resets",  "deliver",      "pass_exceptions",
    "seal_overlay", "address_frames",   "transmit"};
static_assert(kStageNames[static_cast<std::size_t>(Stage::transmit)] == "transmit");

// From inner IP packets to finished frames.
template <typename After>
void run_packet_stages(Burst& burst, LcoreState& lcore, const Published& published, Instant now,
                       After&& after) noexcept {
    sort_odd(burst, lcore, published);
    after(Stage::sort_odd);
    find_flow(burst, lcore, published, now);
    after(Stage::find_flow);
    // From here, every lane on forward and reply has a flow.
    follow_flow(burst, lcore, published, now);
    after(Stage::follow_flow);
    answer_resets(burst, lcore, published);
    after(Stage::answer_resets);
    deliver(burst, lcore, published, now);
    after(Stage::deliver);
    pass_exceptions(burst, lcore, now);
    after(Stage::pass_exceptions);
    // From here, every live lane has a path (seal, relay), a next hop (address), its sender as next hop
    // (bounce), or is a finished frame (out).
    seal_overlay(burst, lcore, published, now);
    after(Stage::seal_overlay);
    address_frames(burst, lcore, now);
    after(Stage::address_frames);
    transmit(burst, lcore);
    after(Stage::transmit);
}

// From frames as a port gave them.
template <typename After>
void run_frame_stages(Burst& burst, LcoreState& lcore, const Published& published, Instant now,
                      After&& after) noexcept {
    parse(burst, lcore.shared.interfaces);
    after(Stage::parse);
    answer_neighbors(burst, lcore, published, now);
    after(Stage::answer_neighbors);
    reflect_probes(burst, lcore, published, now);
    after(Stage::reflect_probes);
    open_overlay(burst, lcore, published, now);
    after(Stage::open_overlay);
    // From here, overlay headers are off: lanes are inner packets with a role, or have a verdict.
    run_packet_stages(burst, lcore, published, now, after);
}

}  // namespace izar
