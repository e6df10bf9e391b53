// probe_log.h -- What became of the probes of one run, and the report about it.
//
// A probe's intended send time is start + sequence * interval, so a stalled sender shows as late and lost probes, not
// as probes that were never asked for (no coordinated omission).
//
// Thread: owned by one thread. Time is a parameter; memory grows with the number of probes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "dataplane/base/types.h"

namespace izar::probe {

class ProbeLog {
  public:
    explicit ProbeLog(Nanos interval) : interval_(interval) {}

    // Probe number `sent_count()` left `late` after its intended time.
    void on_sent(Nanos late);

    // A reply: the probe's round trip, and the time from its sending to its arrival at the echo server (of use only
    // where both share a clock).
    void on_reply(std::uint64_t sequence, Nanos round_trip, Nanos one_way);

    // The echo server has seen this probe, whether or not its reply gets back.
    void on_arrival(std::uint64_t sequence);

    std::uint64_t sent_count() const noexcept { return round_trips_.size(); }
    std::uint64_t received_count() const noexcept { return received_; }

    // Median round trip of the replies since the last call; negative when there was none.
    Nanos take_recent_round_trip();

    // Keys: docs/json.md, "izar-udp-probe". What could not be measured is null.
    nlohmann::json report() const;

  private:
    static constexpr Nanos kNoReply = Nanos::min();

    // Ranges of sequences for which `is_lost` holds.
    template <typename IsLost>
    nlohmann::json ranges_where(const IsLost& is_lost) const;

    Nanos interval_;
    std::vector<Nanos> round_trips_;  // by sequence; kNoReply while there is none
    std::vector<bool> arrived_;       // by sequence: known to have reached the echo server
    std::vector<Nanos> one_ways_;     // in order of arrival
    std::vector<Nanos> lateness_;     // by sequence
    std::vector<Nanos> recent_;
    std::uint64_t received_ = 0;
    std::uint64_t duplicated_ = 0;
    std::uint64_t reordered_ = 0;
    std::uint64_t highest_ = 0;  // sequence of the latest probe answered so far
};

}  // namespace izar::probe
