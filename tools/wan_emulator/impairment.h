// impairment.h -- What one direction of an emulated WAN link does to the n-th packet that enters it.
//
// The fate of a packet is a pure function of (seed, source, destination, n): two runs with the same seed lose,
// duplicate and hold back the same packets of a link, whatever the timing of the machine was.
//
// Thread: pure functions on values.
#pragma once

#include <cstdint>

#include "dataplane/base/types.h"

namespace izar::wan {

// Dense index of a port of the emulator's switch, 0..kMaxWanPorts-1.
enum class WanPort : std::uint16_t {};
inline constexpr std::uint16_t kMaxWanPorts = 256;

// How one direction of a link behaves. Probabilities are 0..1 and independent of each other.
struct LinkProfile {
    Nanos delay{0};
    Nanos jitter{0};               // each packet's delay moves by up to this, both ways; order is kept
    double loss = 0;               // dropped on entry
    double duplicate = 0;          // delivered twice
    double reorder = 0;            // held back by reorder_hold, so that later packets overtake it
    std::uint32_t drop_every = 0;  // every n-th packet is lost; 0: none is
    std::uint32_t mtu_bytes = 0;   // longer IP packets are dropped without a word; 0: no limit
    std::uint64_t rate_bps = 0;    // bits of Ethernet frames per second; 0: no limit
    Nanos reorder_hold = std::chrono::milliseconds{2};
    Nanos queue = std::chrono::milliseconds{100};  // longest wait for the rate; what would wait longer is dropped
    bool up = true;                                // down: everything that enters is dropped, what is inside arrives
};

struct LinkIdentity {
    std::uint64_t seed;
    WanPort source;
    WanPort destination;
};

struct Fate {
    bool lost = false;
    bool duplicated = false;
    bool reordered = false;
    double jitter = 0;  // -1..1, in units of LinkProfile::jitter

    friend bool operator==(const Fate&, const Fate&) = default;
};

// Fate of packet number n (from 0) of the link. A draw does not depend on the probabilities of the others, so
// raising the loss keeps every packet lost before, and changes nothing about jitter or duplicates.
Fate fate_of(const LinkIdentity& link, std::uint64_t n, const LinkProfile& profile) noexcept;

}  // namespace izar::wan
