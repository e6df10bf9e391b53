// loss_estimate.h -- LossEstimate: the share of packets that a link loses, from the windows that its lcores close.
//
// Thread: values of one thread; time comes with each window.
//
// Two views of the same windows, of which the worse one counts. The slow one averages the share lost over time, not
// over packets: a link that was left carries a hundredth of the packets that it lost before, and must not look healed
// by that. The quick one is the share of the last kRecentWindows, and counts once kLossyWindows of them lost something:
// a burst that hits one or two is an accident, loss that goes on is left within half a second. What the quick view saw
// the slow one then forgets at its own pace.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/types.h"
#include "probes/link_report.h"

namespace izar {

class LossEstimate {
  public:
    static constexpr Nanos kMemory = std::chrono::seconds{10};  // time constant of the slow view
    static constexpr std::size_t kRecentWindows = 5;
    static constexpr std::size_t kLossyWindows = 3;
    static constexpr std::uint64_t kEnoughPackets = 20;  // fewer say nothing about loss

    // Takes one window of one direction. Packets late from the window before may make more arrive than were expected.
    void take(const LossReport& window, Instant at) noexcept;
    // Forgets everything but the totals: the link was down, and what was lost then is not its loss now.
    void restart() noexcept;

    double share() const noexcept { return std::max(share_, 0.0); }                                    // 0..1
    std::uint64_t lost() const noexcept { return lost_ > 0 ? static_cast<std::uint64_t>(lost_) : 0; }  // packets
    std::uint64_t reordered() const noexcept { return reordered_; }                                    // packets

  private:
    struct Window {
        std::int64_t expected = 0;
        std::int64_t lost = 0;  // below 0: late ones arrived
    };
    void add_recent(const Window& window) noexcept;
    void average(const Window& window, Instant at) noexcept;
    double recent_share() const noexcept;

    double share_ = 0;  // the slow view, raised by the quick one; below 0 while late packets make up for lost ones
    Window open_;       // windows that have too few packets to be averaged yet
    Instant averaged_at_{};
    std::array<Window, kRecentWindows> recent_{};
    std::size_t next_ = 0;  // in recent_
    std::int64_t lost_ = 0;
    std::uint64_t reordered_ = 0;
};

}  // namespace izar
