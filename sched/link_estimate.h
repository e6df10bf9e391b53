// link_estimate.h -- LinkEstimate: one of this node's own links, from the reports of its lcores.
//
// Thread: the scheduler thread; time comes with each report.
//
// The RTT is smoothed as in RFC 6298 section 2 (gains 1/8 and 1/4), but a report after a longer pause weighs
// more, so that a link probed once a second follows as fast in time as one that carries data.
#pragma once

#include <cstdint>

#include "dataplane/base/types.h"
#include "probes/link_report.h"
#include "sched/bandwidth.h"
#include "sched/hysteresis.h"
#include "sched/loss_estimate.h"

namespace izar {

enum class LinkState : std::uint8_t {
    unknown,    // never measured, or not lately
    up,         // heard
    down,       // fell silent
    withdrawn,  // the controller took an end of it out of use
};

class LinkEstimate {
  public:
    static constexpr Nanos kFollow = std::chrono::milliseconds{500};   // time constant of a sparse link
    static constexpr Nanos kMinimumWindow = std::chrono::seconds{10};  // the minimum is of this to twice this
    static constexpr Nanos kProbation = std::chrono::seconds{5};       // of a hold-down
    static constexpr Nanos kLifetime = std::chrono::seconds{5};        // an RTT older than this is unknown

    // Takes any kind of report but peer_row and path.
    void take(const LinkReport& report);

    // The state as of now: up only while there is an RTT that is not too old.
    LinkState state(Instant now) const noexcept;
    // Whether the far node's packets arrive, with or without a fresh RTT.
    bool heard() const noexcept { return heard_ == Heard::yes; }
    // Back from down lately, and so to be used only where it makes a path far better; within kProbation of its return
    // only where nothing else is left.
    bool held(Instant now) const noexcept { return damper_.held(now); }
    bool on_probation(Instant now) const noexcept { return damper_.held(now, kProbation); }
    Instant held_until() const noexcept { return damper_.held_until(); }

    Nanos smoothed() const noexcept { return smoothed_; }
    Nanos variation() const noexcept { return variation_; }
    Nanos minimum() const noexcept { return least_now_ < least_before_ ? least_now_ : least_before_; }
    double loss() const noexcept { return loss_.share(); }  // 0..1, of packets from the far node
    std::uint64_t samples() const noexcept { return samples_; }
    std::uint64_t reordered() const noexcept { return loss_.reordered(); }
    std::uint64_t lost() const noexcept { return loss_.lost(); }
    Bandwidth bandwidth() const noexcept { return bandwidth_; }
    Instant traffic_at() const noexcept { return traffic_at_; }  // the newest window's end
    std::uint16_t mtu() const noexcept { return mtu_; }          // bytes of an IP packet on the underlay, 0: not known
    bool shrunk() const noexcept { return shrunk_; }             // it carried larger packets before
    Instant measured_at() const noexcept { return measured_at_; }
    Instant changed_at() const noexcept { return changed_at_; }  // last change between up and down
    std::uint32_t times_down() const noexcept { return times_down_; }

  private:
    void take_rtt(const RttReport& rtt, Instant at);
    void take_traffic(const TrafficReport& traffic, Instant at) noexcept;
    void set_heard(bool heard, Instant at);

    enum class Heard : std::uint8_t { never, yes, no };
    Heard heard_ = Heard::never;
    std::uint32_t times_down_ = 0;
    Nanos smoothed_{};
    Nanos variation_{};
    Nanos least_now_ = Nanos::max();
    Nanos least_before_ = Nanos::max();
    Instant window_start_{};
    Instant measured_at_{};
    Instant changed_at_{};
    std::uint64_t samples_ = 0;
    LossEstimate loss_;
    Bandwidth bandwidth_;
    Instant traffic_at_{};
    std::uint16_t mtu_ = 0;
    bool shrunk_ = false;
    FlapDamper damper_{0};  // even the first return has to prove itself
};

}  // namespace izar
