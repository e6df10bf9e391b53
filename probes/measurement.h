// measurement.h -- Measurement: what any probe says of a round trip, whoever measured it and how.
//
// STAMP, TCP connects, handshakes and timestamps seen in passing, and the inline echo of links all end in this one
// form: durations in nanoseconds, an age that grows, a count of samples. Nothing measured is no Measurement with zeros,
// but one with samples == 0, whose durations nobody may read.
//
// Thread: plain values; a MeasurementWindow belongs to one thread. Time is a parameter.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/types.h"

namespace izar {

enum class MeasurementSource : std::uint8_t {
    link,           // echoes in overlay packets
    stamp,          // STAMP or TWAMP-light probes
    tcp_connect,    // a connect of our own
    tcp_handshake,  // a handshake that passed through
    tcp_timestamp,  // timestamps (RFC 7323) of connections that pass through
};

// "link", "stamp", "tcp_connect", "tcp_handshake", "tcp_timestamp".
std::string_view name_of(MeasurementSource source) noexcept;

struct Measurement {
    MeasurementSource source = MeasurementSource::link;
    std::uint32_t samples = 0;  // round trips measured
    std::uint32_t lost = 0;     // probes without answer; 0 where nothing can be lost
    Nanos least{};              // durations are of the samples: the smallest,
    Nanos mean{};               // the mean,
    Nanos variation{};          // and the mean difference of one sample from the one before it (0 with one sample)
    Instant newest{};           // when the last sample was taken

    Nanos age(Instant now) const noexcept { return now - newest; }
    // 0..1; requires a sample or a loss.
    double loss_ratio() const noexcept { return static_cast<double>(lost) / (samples + lost); }
};

// Gathers samples into one Measurement after the other.
class MeasurementWindow {
  public:
    explicit MeasurementWindow(MeasurementSource source) noexcept { now_.source = source; }

    void add(Nanos rtt, Instant at) noexcept;
    void add_loss() noexcept { ++now_.lost; }

    Measurement peek() const noexcept;
    // The measurement so far; the next window starts empty.
    Measurement take() noexcept;

  private:
    Measurement now_;
    Nanos sum_{};
    Nanos differences_{};
    Nanos last_{};
};

}  // namespace izar
