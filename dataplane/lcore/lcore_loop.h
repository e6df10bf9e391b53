// lcore_loop.h -- LcoreLoop: what one lcore does, round after round.
//
// Thread: run() is the lcore's thread; the control words in LcoreControl are written by main.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/config/edge_config.h"
#include "dataplane/lcore/lcore_state.h"
#include "dataplane/lcore/tsc_clock.h"
#include "dataplane/stages/burst.h"

namespace izar {

// Bursts that one round takes from a port, at most: of all but the first the cache lines come while the burst before is
// worked on. All have the round's time, so a stamp is late by what three bursts take, some 10 us.
inline constexpr std::size_t kBurstsARound = 4;

// The time of a round: of its beginning, and of each taking of packets from then on. So no packet's stamp is before it
// came, whoever holds the lcore up on the way to it, and no RTT is measured too short.
class RoundTime {
  public:
    // Without a clock the time stands still within the round.
    RoundTime(Instant begun, const TscClock* clock) noexcept : now_(begun), clock_(clock) {}

    Instant now() const noexcept { return now_; }
    void read_clock() noexcept {
        if (clock_ != nullptr) {
            now_ = clock_->now();
        }
    }

  private:
    Instant now_;
    const TscClock* clock_;
};

struct LcoreControl {
    std::atomic<bool> quit{false};
    std::atomic<bool> forwarding{true};           // `start` and `stop` of the prompt
    std::atomic<std::uint32_t> burst{kMaxBurst};  // packets of one pass, 1 to kMaxBurst
};

class LcoreLoop {
  public:
    LcoreLoop(LcoreState& state, Publisher& publisher, const LcoreControl& control, IdleMode idle)
        : state_(state), publisher_(publisher), control_(control), idle_(idle) {}

    // Until control.quit.
    void run(const TscClock& clock) noexcept;

    // One round: receive, process, housekeeping, send, publish the snapshot. Returns packets taken.
    unsigned round(const OnLcore& on_lcore, RoundTime time) noexcept;

  private:
    void note_pause(Instant now) noexcept;
    unsigned receive(const Published& published, RoundTime& time) noexcept;
    unsigned receive_port(std::size_t index, const Published& published, RoundTime& time) noexcept;
    unsigned receive_handed(const Published& published, Instant now) noexcept;
    void process(const Port& port, PortIndex index, const Published& published, Instant now) noexcept;
    void forward_from_kernel(PortIndex to) noexcept;
    void housekeep(const Published& published, Instant now) noexcept;
    void forget_idle_flows(const Published& published, Instant now) noexcept;
    void publish_snapshot() noexcept;

    LcoreState& state_;
    Publisher& publisher_;
    const LcoreControl& control_;
    IdleMode idle_;
    Burst burst_;
    std::array<rte_mbuf*, kBurstsARound * kMaxBurst> received_;
    const Fleet* fleet_ = nullptr;  // the one that the link templates were built for
    std::uint64_t fleet_version_ = 0;
    Instant last_round_{};
    Instant last_sweep_{};
    Instant last_confirm_{};
};

}  // namespace izar
