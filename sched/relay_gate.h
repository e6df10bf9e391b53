// relay_gate.h -- RelayGate: whether a node that is near its caps (policy.h) relays for this one.
//
// Thread: values of one thread; time is a parameter.
//
// Leaving a relay is what makes its use fall, and coming back what makes it rise, so whoever follows the cap alone
// swings for ever, and every ingress of the fleet with it. Four rules against that, which need no word between
// ingresses:
//  - who leaves comes back only when the relay was below kComeBackBelow of its caps for a while without a break;
//  - that while is another one for each ingress and each time, so that they come back one after another, and see each
//    other's load;
//  - who came back last leaves first when it was too much;
//  - each return that was too much doubles the while of who comes back the next time.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/types.h"

namespace izar {

struct GateEnds {
    NodeId ingress = kNoNode;
    NodeId relay = kNoNode;
};

class RelayGate {
  public:
    static constexpr double kComeBackBelow = 0.7;                    // of the caps
    static constexpr Nanos kNewcomer = std::chrono::minutes{2};      // after a return: it leaves at once
    static constexpr Nanos kPatience = std::chrono::minutes{1};      // all others wait so long for newcomers to leave
    static constexpr Nanos kShortestWait = std::chrono::minutes{5};  // the last turn waits as long again
    static constexpr Nanos kLongestWait = std::chrono::minutes{80};
    static constexpr Nanos kForgiveness = std::chrono::minutes{160};  // open for so long: nothing is held against it
    static_assert(kForgiveness >= kLongestWait);

    // Tells which part of its caps the node uses, a mean over less than kPatience (1: all; nullopt: not known, which
    // closes no gate). `ends` are always the same of one gate. Returns is_open().
    bool take(std::optional<double> used, const GateEnds& ends, Instant now) noexcept;

    bool is_open() const noexcept { return open_; }
    // Below kComeBackBelow, before it opens again; once it closed.
    Nanos wait() const noexcept { return wait_ + turn_; }

  private:
    void close(const GateEnds& ends, Instant now) noexcept;

    bool open_ = true;
    std::optional<Instant> opened_at_;    // or when use was told first
    std::optional<Instant> above_since_;  // while open: of its caps
    Instant quiet_since_{};               // while closed: below kComeBackBelow
    Nanos wait_{};                        // at least, before it comes back
    Nanos turn_{};                        // and so much more
    std::uint32_t closings_ = 0;
};

// 0..1: when, among all that wait for the relay, the ingress comes back after so many closings. A pure function that
// looks like a draw: two that have their turns together once have them apart the next time.
double turn_of(const GateEnds& ends, std::uint32_t closings) noexcept;

}  // namespace izar
