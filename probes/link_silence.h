// link_silence.h -- LinkSilence: how long one direction of a link may be silent before it is taken for dead.
//
// Thread: values of one thread; time is a parameter.
//
// That is what the peer promised (interval x multiplier), stretched to 1.5 times the longest gap of late where packets
// come unevenly, kLongestStretch at most. A gap counts for 1/e after kGapMemory. One that was taken for death and was
// none does so for kAlarmMemory: where cores carry more than they can, such gaps come again.
//
// Time in which this lcore itself did not look is no silence, and no part of a gap (probes/own_pauses.h).
//
// A delay that rises at once makes a gap that does not come again: the peer went on sending all the while, as its
// stamps show, and what comes now is as late as what came first. Such a gap counts for kStepProof only, in which the
// delay has to stay. If it does not, packets were held up somewhere and came all together, and the gap is one like any
// other.
#pragma once

#include <chrono>
#include <cstdint>

#include "dataplane/base/types.h"
#include "probes/own_pauses.h"

namespace izar {

class LinkSilence {
  public:
    static constexpr Nanos kLongestStretch = OwnPauses::kLongestPromise;
    static constexpr Nanos kGapMemory = std::chrono::seconds{10};
    static constexpr Nanos kAlarmMemory = std::chrono::minutes{1};
    static constexpr Nanos kStepProof = std::chrono::milliseconds{500};

    // Takes the newest packet of the peer, the same again if none came: when it arrived, and its stamp, the low 32 bits
    // of the nanoseconds of the peer's clock. `own`: pauses of the lcore that asks, up to now.
    void take(Instant arrived, std::uint32_t stamp, const OwnPauses& own, Instant now) noexcept;
    // The peer is taken for dead because it is silent.
    void alarm() noexcept { alarmed_ = true; }

    // Silence that means death, where the peer told `told`.
    Nanos limit(Nanos told) const noexcept;
    Instant last_heard() const noexcept { return last_heard_; }  // as of the last take()
    // How long the peer was silent while this lcore looked.
    Nanos silent(const OwnPauses& own, Instant now) const noexcept {
        return now - last_heard_ - (own.total() - paused_);
    }

  private:
    // A gap that a step of the delay may explain.
    struct Step {
        Nanos gap{};  // 0: none
        bool alarmed = false;
        Instant begun{};
        std::uint32_t lag_before = 0;  // arrival less stamp, two clocks: only differences mean something
        Nanos rise{};                  // of the lag
    };
    void remember(Nanos gap, bool alarmed) noexcept;
    void settle_step(std::uint32_t lag, Instant now) noexcept;
    void fade(Instant now) noexcept;

    Instant last_heard_{};
    Nanos paused_{};  // own pauses until then
    std::uint32_t last_lag_ = 0;
    Instant faded_{};
    Nanos longest_gap_{};
    Nanos alarm_gap_{};     // the longest that was taken for death and was none
    bool alarmed_ = false;  // and nothing was heard since
    Step step_;
};

}  // namespace izar
