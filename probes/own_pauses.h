// own_pauses.h -- OwnPauses: the times in which an lcore did not run, and what it may promise its peers after them.
//
// Thread: values of one lcore; time is a parameter.
//
// What nobody could hear is no silence of a peer: every deadline waits for as long as the lcore did not look. And its
// peers heard nothing of it either. An lcore that was held up is on a core that has more to do than it can; there
// pauses come again, and longer ones. So it promises its peers more silence than is configured, by kMargin times what
// its longest pause of late was above kCalm, kLongestPromise at most. Of late is one to two times kWindow.
#pragma once

#include <algorithm>
#include <chrono>

#include "dataplane/base/types.h"

namespace izar {

// More than any nap of an lcore, its waking up included.
inline constexpr Nanos kOwnStall = std::chrono::milliseconds{5};

class OwnPauses {
  public:
    static constexpr Nanos kLongestPromise = std::chrono::milliseconds{250};
    static constexpr Nanos kWindow = std::chrono::seconds{45};
    static constexpr Nanos kCalm = std::chrono::milliseconds{8};  // pauses up to it happen on idle machines
    static constexpr int kMargin = 8;

    // Keep-alives are to go every `interval`, and after `multiplier` missed ones a peer may take this node for dead.
    OwnPauses(Nanos interval, int multiplier) noexcept : interval_(interval), configured_(interval * multiplier) {}

    // The lcore looks now, and has received what waited for it.
    void look(Instant now) noexcept;

    // Time of all pauses so far up to `at`, which is not before the newest of them began.
    Nanos until(Instant at) const noexcept { return total_ - std::max(Nanos{0}, ended_ - std::max(begun_, at)); }
    Nanos total() const noexcept { return total_; }

    // Silence that does not mean that this node is dead.
    Nanos promised() const noexcept {
        const Nanos longest = std::max({longest_, longest_before_, kCalm});
        return std::max(configured_, std::min(configured_ + (longest - kCalm) * kMargin, kLongestPromise));
    }
    // When the last pause ended of which the peers were not told before: they may have taken this node for dead.
    Instant surprised_peers() const noexcept { return surprised_; }

  private:
    Nanos interval_;
    Nanos configured_;
    Instant looked_{};
    Instant begun_{};  // the newest pause
    Instant ended_{};
    Nanos total_{};
    Instant window_begun_{};
    Nanos longest_{};         // of this window,
    Nanos longest_before_{};  // and of the one before it
    Instant surprised_{};
};

}  // namespace izar
