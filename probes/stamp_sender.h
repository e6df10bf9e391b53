// stamp_sender.h -- StampSender: one STAMP session's sending side: numbers probes, knows their replies, measures.
//
// The peer may be a STAMP reflector, stateful or not, or a plain TWAMP-light one: a reply is known by the probe's
// sequence and session that it repeats. RTT = (reply came - probe left) by this node's own clock, less the time that
// the reflector says it held the probe: no clocks need to agree, and one that jumps hurts nobody.
//
// Thread: one. No I/O and no clock: the caller sends what next() gives and hands in what came.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "probes/measurement.h"
#include "probes/stamp.h"

namespace izar {

class StampSender {
  public:
    static constexpr std::size_t kUnderWay = 256;  // probes that can wait for their replies

    // `session` tells sessions between the same two addresses apart. A probe without reply after `patience` is lost.
    StampSender(std::uint16_t session, Nanos patience) noexcept : session_(session), patience_(patience) {}

    // The next probe. If more than kUnderWay would be under way, the oldest is given up as lost.
    StampProbe next(StampInstant wall, Instant now) noexcept;

    // Takes what came from the peer; the sample it gave, or nothing if it is no reply to a probe under way, was
    // answered before, or claims to have been held for longer than it was away.
    std::optional<Nanos> take(std::span<const std::uint8_t> packet, Instant now) noexcept;
    std::optional<Nanos> take(const StampAnswer& answer, Instant came) noexcept;

    // Gives up what waits for too long. Call now and then, and before looking at the measurement.
    void expire(Instant now) noexcept;

    // Calls `ask(sequence)` for each probe that waits, oldest first.
    template <typename Ask>
    void each_waiting(Ask&& ask) {
        for (std::uint32_t sequence = oldest_; sequence != next_sequence_; ++sequence) {
            if (probe(sequence).waits) {
                ask(sequence);
            }
        }
    }

    Measurement measurement() const noexcept { return window_.peek(); }
    Measurement take_measurement() noexcept { return window_.take(); }
    bool waits() const noexcept { return oldest_ != next_sequence_; }  // for a reply; as of the last expire()
    std::uint32_t sent() const noexcept { return next_sequence_; }

  private:
    struct Probe {
        std::uint32_t sequence = 0;
        bool waits = false;
        Instant sent_at{};
    };
    Probe& probe(std::uint32_t sequence) noexcept { return probes_[sequence % kUnderWay]; }
    void give_up(Probe& probe) noexcept;

    std::uint16_t session_;
    Nanos patience_;
    std::uint32_t next_sequence_ = 0;
    std::uint32_t oldest_ = 0;  // no probe before it waits
    std::array<Probe, kUnderWay> probes_{};
    MeasurementWindow window_{MeasurementSource::stamp};
};

}  // namespace izar
