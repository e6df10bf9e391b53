// leg_rtts.h -- LegRtts: RTTs of the legs outside the overlay, by service: from an ingress to its clients, from an
// egress to its origins, as TCP connections that pass through show them: by handshakes, or by timestamps.
//
// Thread: one lcore adds, any thread reads; words are relaxed, so a picture may be one sample old and torn by one.
// Fixed memory: a cell for each service id modulo kMaxServices, of two services with one cell the last counts; and one
// for all services.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/base/limits.h"
#include "probes/measurement.h"

namespace izar {

enum class Leg : std::uint8_t { client, origin };
inline constexpr std::size_t kLegs = 2;

class LegRtts {
  public:
    static constexpr Nanos kWindow = std::chrono::minutes{1};  // a measurement is of one window, then the next begins

    explicit LegRtts(MeasurementSource source = MeasurementSource::tcp_handshake)
        : source_(source), cells_(std::make_unique<Cell[]>((kMaxServices + 1) * kLegs)) {}

    void add(ServiceId service, Leg leg, Nanos rtt, Instant now) noexcept;
    // With samples == 0 where nothing was measured.
    Measurement read(ServiceId service, Leg leg) const noexcept;
    // The same of all services together.
    Measurement read_all(Leg leg) const noexcept;

  private:
    struct Cell {
        std::atomic<std::uint32_t> service{0};
        std::atomic<std::uint32_t> samples{0};
        std::atomic<std::int64_t> begun{0};  // Instant of the window's first sample, in ns
        std::atomic<std::int64_t> newest{0};
        std::atomic<std::int64_t> least{0};
        std::atomic<std::int64_t> sum{0};
        std::atomic<std::int64_t> differences{0};
        std::atomic<std::int64_t> last{0};
    };
    Cell& cell(ServiceId service, Leg leg) const noexcept {
        return cells_[raw(service) % kMaxServices * kLegs + static_cast<std::size_t>(leg)];
    }
    Cell& cell_of_all(Leg leg) const noexcept { return cells_[kMaxServices * kLegs + static_cast<std::size_t>(leg)]; }
    static void note(Cell& cell, ServiceId service, Nanos rtt, Instant now) noexcept;
    Measurement measurement(const Cell& cell, ServiceId service) const noexcept;

    MeasurementSource source_;
    std::unique_ptr<Cell[]> cells_;
};

// What a node measured of its legs, over all services, by Leg; samples == 0: nothing.
using LegMeasurements = std::array<Measurement, kLegs>;
struct MeasuredLeg {
    Leg leg = Leg::client;
    Measurement measured;
};

// What several lcores measured of one leg, as one.
class LegSum {
  public:
    void add(const Measurement& part) noexcept;
    // None: nothing was measured.
    std::optional<Measurement> total() const noexcept;

  private:
    Measurement sum_;  // mean and variation still times samples
};

}  // namespace izar
