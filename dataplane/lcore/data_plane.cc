#include "dataplane/lcore/data_plane.h"

#include <utility>

namespace izar {

DataPlane::DataPlane(const DataPlaneOptions& options, std::vector<Port> ports,
                     std::unique_ptr<const Interfaces> interfaces, std::unique_ptr<HandOver> hand_over,
                     rte_mempool* pool)
    : ports_(std::move(ports)),
      interfaces_(std::move(interfaces)),
      neighbors_(options.random()),
      links_(options.lcores, options.random()),
      hand_over_(std::move(hand_over)),
      publisher_(options.lcores),
      shared_{*interfaces_,
              ports_,
              neighbors_,
              links_,
              *hand_over_,
              pool,
              HashSeed::from(options.random()),
              options.lcores,
              options.links,
              handshakes_,
              stamp_board_,
              options.stamp} {}

Result<std::unique_ptr<DataPlane>> DataPlane::make(const DataPlaneOptions& options, std::vector<Port> ports,
                                                   std::unique_ptr<const Interfaces> interfaces, rte_mempool* pool) {
    auto hand_over = HandOver::make(options.name + "_hand_over", options.lcores, options.memory.packet_buffers);
    if (!hand_over) {
        return tl::unexpected(hand_over.error());
    }
    std::unique_ptr<DataPlane> out(
        new DataPlane(options, std::move(ports), std::move(interfaces), std::move(*hand_over), pool));
    for (std::uint8_t i = 0; i < options.lcores; ++i) {
        out->reports_.push_back(std::make_unique<LinkReportRing>());
        auto state =
            LcoreState::make(LcoreIndex{i}, out->shared_, options.memory, *out->reports_.back(), options.random());
        if (!state) {
            return tl::unexpected(state.error());
        }
        out->states_.push_back(std::move(*state));
        out->loops_.push_back(
            std::make_unique<LcoreLoop>(*out->states_.back(), out->publisher_, out->control_, options.idle));
    }
    out->states_.front()->stamp_prober = std::make_unique<StampProber>(
        options.stamp.self, out->stamp_board_, out->stamp_sessions_, out->stamp_reports_, options.stamp_sessions);
    return out;
}

std::vector<LinkReportRing*> DataPlane::reports() const {
    std::vector<LinkReportRing*> out;
    for (const auto& ring : reports_) {
        out.push_back(ring.get());
    }
    return out;
}

std::vector<LcoreState*> DataPlane::state_list() const {
    std::vector<LcoreState*> out;
    for (const auto& state : states_) {
        out.push_back(state.get());
    }
    return out;
}

Measurement DataPlane::leg(Leg leg, Instant now) const {
    LegSum handshakes;
    LegSum timestamps;
    const auto add = [&](LegSum& sum, const Measurement& part) {
        if (part.samples != 0 && part.age(now) < LegRtts::kWindow) {
            sum.add(part);
        }
    };
    for (const auto& state : states_) {
        add(handshakes, state->legs.read_all(leg));
        add(timestamps, state->stamped_legs.read_all(leg));
    }
    const auto by_handshakes = handshakes.total();
    return by_handshakes ? *by_handshakes : timestamps.total().value_or(Measurement{});
}

LcoreCounters DataPlane::counted() const {
    LcoreCounters sum;
    for (const auto& state : states_) {
        sum.add(state->snapshot.read());
    }
    return sum;
}

}  // namespace izar
