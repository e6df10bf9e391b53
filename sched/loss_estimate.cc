#include "sched/loss_estimate.h"

#include <algorithm>
#include <cmath>

namespace izar {

void LossEstimate::take(const LossReport& report, Instant at) noexcept {
    const auto expected = static_cast<std::int64_t>(report.expected);
    const Window window{expected, expected - static_cast<std::int64_t>(report.received)};
    lost_ += window.lost;
    reordered_ += report.reordered;
    add_recent(window);
    average(window, at);
    share_ = std::max(share_, recent_share());
}

// What came late was not lost in the windows before.
void LossEstimate::add_recent(const Window& window) noexcept {
    std::int64_t late = std::max<std::int64_t>(-window.lost, 0);
    for (std::size_t back = 1; back <= kRecentWindows && late > 0; ++back) {
        Window& before = recent_[(next_ + kRecentWindows - back) % kRecentWindows];
        const std::int64_t found = std::clamp<std::int64_t>(before.lost, 0, late);
        before.lost -= found;
        late -= found;
    }
    recent_[next_] = {window.expected, std::max<std::int64_t>(window.lost, 0)};
    next_ = (next_ + 1) % kRecentWindows;
}

void LossEstimate::restart() noexcept {
    share_ = 0;
    open_ = {};
    averaged_at_ = {};
    recent_.fill({});
}

void LossEstimate::average(const Window& window, Instant at) noexcept {
    if (averaged_at_ == Instant{}) {
        averaged_at_ = at;  // how long the first window was is not known
        return;
    }
    open_.expected += window.expected;
    open_.lost += window.lost;
    if (open_.expected < static_cast<std::int64_t>(kEnoughPackets)) {
        return;
    }
    const double passed = static_cast<double>((at - averaged_at_).count()) / static_cast<double>(kMemory.count());
    const double gain = 1 - std::exp(-std::max(passed, 0.0));
    const double lost = static_cast<double>(open_.lost) / static_cast<double>(open_.expected);
    share_ += (std::min(lost, 1.0) - share_) * gain;
    averaged_at_ = at;
    open_ = {};
}

double LossEstimate::recent_share() const noexcept {
    Window sum;
    std::size_t lossy = 0;
    for (const Window& window : recent_) {
        sum.expected += window.expected;
        sum.lost += window.lost;
        lossy += window.lost > 0 ? 1 : 0;
    }
    const bool counts = lossy >= kLossyWindows && sum.expected >= static_cast<std::int64_t>(kEnoughPackets);
    return counts ? std::clamp(static_cast<double>(sum.lost) / static_cast<double>(sum.expected), 0.0, 1.0) : 0;
}

}  // namespace izar
