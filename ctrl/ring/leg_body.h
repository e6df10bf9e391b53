// leg_body.h -- What a node measured of one leg outside the overlay, between the ring's form and Measurement.
//
// Thread: pure functions.
#pragma once

#include <optional>

#include "ctrl/ring/layout.h"
#include "probes/leg_rtts.h"

namespace izar {

// Requires samples.
ring::OwnLeg leg_body(const MeasuredLeg& leg, Instant now);
// Nothing if a value is out of range.
std::optional<MeasuredLeg> read_leg_body(const ring::OwnLeg& body, Instant now);

}  // namespace izar
