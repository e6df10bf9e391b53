#include "ctrl/ring/leg_body.h"

#include <chrono>

#include "ctrl/ring/whole_units.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint8_t kHandshakes = 0;
constexpr std::uint8_t kTimestamps = 1;

}  // namespace

ring::OwnLeg leg_body(const MeasuredLeg& leg, Instant now) {
    const Measurement& measured = leg.measured;
    CHECK(measured.samples != 0);
    return {.leg = static_cast<std::uint8_t>(leg.leg),
            .source = measured.source == MeasurementSource::tcp_timestamp ? kTimestamps : kHandshakes,
            .pad = {},
            .samples = measured.samples,
            .least_us = whole<microseconds>(measured.least),
            .mean_us = whole<microseconds>(measured.mean),
            .variation_us = whole<microseconds>(measured.variation),
            .age_ms = whole<milliseconds>(measured.age(now))};
}

std::optional<MeasuredLeg> read_leg_body(const ring::OwnLeg& body, Instant now) {
    if (body.leg >= kLegs || body.source > kTimestamps || body.samples == 0 || body.least_us > body.mean_us) {
        return std::nullopt;
    }
    const auto source =
        body.source == kTimestamps ? MeasurementSource::tcp_timestamp : MeasurementSource::tcp_handshake;
    return MeasuredLeg{static_cast<Leg>(body.leg),
                       {.source = source,
                        .samples = body.samples,
                        .lost = 0,
                        .least = microseconds{body.least_us},
                        .mean = microseconds{body.mean_us},
                        .variation = microseconds{body.variation_us},
                        .newest = now - milliseconds{body.age_ms}}};
}

}  // namespace izar
