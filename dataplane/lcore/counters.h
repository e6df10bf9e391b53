// counters.h -- What one lcore counted, and how others read it without stopping it.
//
// Thread: LcoreCounters belongs to one lcore. Snapshot is written by that lcore at the end of each
//         round and may be read by any thread: a sequence lock, so a reader retries and a writer never waits.
//
// In every snapshot, for each lcore by itself:
//   rx + made + handed_in = tx + dropped + consumed + handed_out + held
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dataplane/base/limits.h"
#include "dataplane/lcore/verdict.h"

namespace izar {

struct PortCounters {
    std::uint64_t rx_packets = 0, rx_bytes = 0;
    std::uint64_t tx_packets = 0, tx_bytes = 0, tx_dropped = 0;
};

struct LcoreCounters {
    std::uint64_t rx = 0;                                 // packets received from ports
    std::uint64_t made = 0;                               // packets that izar created
    std::uint64_t tx = 0;                                 // packets that a port accepted
    std::uint64_t handed_in = 0;                          // taken from other lcores' rings
    std::uint64_t handed_out = 0;                         // put into other lcores' rings
    std::uint64_t held = 0;                               // now waiting for a MAC address (a gauge)
    std::array<std::uint64_t, kVerdictCount> verdicts{};  // dropped and consumed ones, by name

    std::uint64_t rounds = 0;            // passes of the lcore's loop
    std::uint64_t busy_rounds = 0;       // of these, with at least one packet
    std::uint64_t busy_cycles = 0;       // TSC cycles spent in busy rounds
    std::uint64_t all_cycles = 0;        // TSC cycles since start, naps included
    std::uint64_t pauses = 0;            // times it did not poll for more than kOwnStall
    std::uint64_t longest_pause_ns = 0;  // of those
    std::uint64_t flows = 0;             // flows and sessions held (a gauge)
    std::uint64_t flow_capacity = 0;
    std::uint64_t flows_refused = 0;       // packets that found no room for the IPv4 flow or session they would open
    std::uint64_t flows_ipv6_refused = 0;  // the same for IPv6
    std::uint64_t nat_ports_refused = 0;   // packets that found no egress port for the session they would open
    std::uint64_t samples_lost = 0;        // link reports that found the scheduler's ring full
    std::uint64_t answers_lost =
        0;  // ICMP, ARP, keep-alive or second copy not made for want of a buffer or above its rate
    std::array<PortCounters, kMaxPorts> ports{};

    std::uint64_t total(Fate fate) const noexcept;  // sum of the verdicts with this fate
    bool accounted() const noexcept {
        return rx + made + handed_in == tx + total(Fate::dropped) + total(Fate::consumed) + handed_out + held;
    }
    void add(const LcoreCounters& other) noexcept;
};
static_assert(std::is_trivially_copyable_v<LcoreCounters> && sizeof(LcoreCounters) % 8 == 0);

class Snapshot {
  public:
    // The owner lcore only. Of the ports, the first `ports` ones.
    void publish(const LcoreCounters& counters, std::size_t ports) noexcept;
    LcoreCounters read() const noexcept;  // any thread; retries while a publish runs

  private:
    static constexpr std::size_t kWords = sizeof(LcoreCounters) / 8;
    alignas(64) std::atomic<std::uint64_t> sequence_{0};
    alignas(64) std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace izar
