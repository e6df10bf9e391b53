// timestamp_samples.h -- TimestampSamples: round trips of TCP connections that pass, by their timestamps (RFC 7323).
//
// A segment with data that goes to one end carries a value; the first segment that comes back from there with the same
// value as echo ends the round trip. What the end waits before it acknowledges (RFC 1122: up to 500 ms, mostly 40) is
// in it, so of many samples the least is the way's. Lcores look at few packets: a sample begins once in kPause, and a
// connection has at most one under way for each leg.
//
// Thread: one lcore. Fixed memory.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "dataplane/base/types.h"
#include "probes/leg_rtts.h"

namespace izar {

class TimestampSamples {
  public:
    static constexpr std::size_t kSlots = 256;  // of each leg; whoever finds its slot taken gives no sample
    static constexpr Nanos kPause = std::chrono::milliseconds{1};
    static constexpr Nanos kLongest = std::chrono::seconds{10};

    static constexpr Nanos kNextTry = std::chrono::microseconds{50};

    // Whether a sample may begin.
    bool due(Instant now) const noexcept { return now - begun_ >= kPause; }
    // What was looked at then cannot begin one: there is no second look before kNextTry, so that connections without
    // timestamps cost next to nothing.
    void pass(Instant now) noexcept { begun_ = now - kPause + kNextTry; }
    // A segment of `flow`, anything but 0 that stands for one connection, passes with this value; false: no slot is
    // free.
    bool begin(std::uint64_t flow, Leg leg, std::uint32_t value, Instant now) noexcept {
        begun_ = now;
        Slot& slot = slot_of(flow, leg);
        if (slot.flow != 0 && slot.flow != flow && now - slot.at < kLongest) {
            return false;
        }
        slot = {flow, now, value};
        return true;
    }

    struct End {
        bool over = false;         // nothing is under way for this flow any more
        std::optional<Nanos> rtt;  // the sample, if it is over by its echo
    };
    // A segment of a flow that has begun comes back with this echo.
    End end(std::uint64_t flow, Leg leg, std::uint32_t echo, Instant now) noexcept {
        Slot& slot = slot_of(flow, leg);
        if (slot.flow != flow) {
            return {true, std::nullopt};
        }
        const auto ahead = static_cast<std::int32_t>(echo - slot.value);
        if (ahead < 0 && now - slot.at < kLongest) {
            return {};
        }
        slot.flow = 0;
        // A later value: the segment that echoed ours was lost, or passed elsewhere.
        return {true, ahead == 0 && now - slot.at < kLongest ? std::optional(now - slot.at) : std::nullopt};
    }

  private:
    struct Slot {
        std::uint64_t flow = 0;
        Instant at{};
        std::uint32_t value = 0;
    };
    Slot& slot_of(std::uint64_t flow, Leg leg) noexcept {
        constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio: spreads addresses
        return slots_[static_cast<std::size_t>(leg) * kSlots + (flow * kGolden >> 56)];
    }
    static_assert(kSlots == 1U << 8);

    std::array<Slot, kSlots * kLegs> slots_{};
    Instant begun_{};
};

}  // namespace izar
