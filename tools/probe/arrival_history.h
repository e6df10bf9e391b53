// arrival_history.h -- Which of the latest kHistoryProbes probes of a run arrived at the echo server.
//
// Every reply carries it, so the sender learns after an outage which probes were lost on the way out and which replies
// on the way back. 1,024 probes are a second at 1 kHz; what is older when a reply gets through stays unknown.
//
// Thread: owned by one thread.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>

#include "tools/probe/probe_packet.h"

namespace izar::probe {

class ArrivalHistory {
  public:
    void mark(std::uint64_t sequence) noexcept;
    void write_to(ProbePacket& packet) const noexcept;

  private:
    std::uint64_t newest_ = 0;
    std::bitset<kHistoryProbes> arrived_;  // bit i: probe newest_ - i
};

// The histories of the runs that an echo server answers at the same time; the oldest gives way to a new run.
class RunHistories {
  public:
    ArrivalHistory& of_run(std::uint64_t run) noexcept;

  private:
    struct Entry {
        std::uint64_t run = 0;
        ArrivalHistory history;
    };
    std::array<Entry, 64> entries_{};
    std::size_t next_ = 0;
};

}  // namespace izar::probe
