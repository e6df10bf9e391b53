// emulated_link.h -- One direction of a link: turns arrival times into delivery times.
//
// Thread: owned by the emulator's one thread. Time is a parameter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tools/wan_emulator/impairment.h"

namespace izar::wan {

// What became of the packets that entered a link; entered = sum of all others - duplicated.
struct LinkCounters {
    std::uint64_t entered = 0;
    std::uint64_t delivered = 0;   // handed to the far interface, copies included
    std::uint64_t duplicated = 0;  // copies made
    std::uint64_t lost = 0;        // by the profile's loss or drop_every
    std::uint64_t size = 0;        // longer than the profile's MTU
    std::uint64_t down = 0;        // entered while the link was down
    std::uint64_t queue = 0;       // would have waited too long for the rate
    std::uint64_t memory = 0;      // the emulator held its maximum of packets
    std::uint64_t in_flight = 0;
};

// Up to two delivery times of one packet; none when the link drops it.
struct Deliveries {
    std::array<Instant, 2> at{};
    std::size_t count = 0;
};

class EmulatedLink {
  public:
    explicit EmulatedLink(const LinkIdentity& identity) : identity_(identity) {}

    // A frame of `bytes` enters at `arrival`. Deliveries keep the order of arrivals, also when a new profile is
    // shorter than the old one, except for packets whose fate is to be reordered.
    Deliveries enter(Instant arrival, std::size_t bytes) noexcept;

    const LinkProfile& profile() const noexcept { return profile_; }
    void set_profile(const LinkProfile& profile) noexcept { profile_ = profile; }
    LinkCounters& counters() noexcept { return counters_; }
    const LinkCounters& counters() const noexcept { return counters_; }

  private:
    bool loses(const Fate& fate, std::uint64_t number) const noexcept;

    LinkIdentity identity_;
    LinkProfile profile_;
    LinkCounters counters_;
    Instant line_free_{Instant::min()};      // when the rate lets the next frame leave
    Instant last_delivery_{Instant::min()};  // of the packets that keep their order
};

}  // namespace izar::wan
