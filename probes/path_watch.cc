#include "probes/path_watch.h"

#include <algorithm>

namespace izar {

void PathWatch::begin(Nanos expected, Instant now) noexcept {
    const std::uint16_t number = last_number_;  // goes on, so that an answer about the path before is none about this
    *this = PathWatch{};
    last_number_ = number;
    rtt_ = expected;
    last_sent_ = now - kInterval;
}

std::uint16_t PathWatch::next(Instant now) noexcept {
    const bool late = misses_ > 0 || (under_way_ > 0 && now - sent_[0].at >= usual() + kEager / 2);
    const Nanos pause = late && !dead_ ? kEager : kInterval;
    if (now - last_sent_ < pause || under_way_ == kUnderWay) {
        return 0;
    }
    last_sent_ = now;
    last_number_ = static_cast<std::uint16_t>(last_number_ == UINT16_MAX ? 1 : last_number_ + 1);
    sent_[under_way_++] = {last_number_, now};
    return last_number_;
}

bool PathWatch::heard(std::uint16_t number, Nanos rtt) noexcept {
    const auto end = sent_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    const auto found = std::find_if(sent_.begin(), end, [&](const Sent& sent) { return sent.number == number; });
    if (found == end) {
        return false;
    }
    // Older ones may have been overtaken, but say nothing any more.
    std::move(found + 1, end, sent_.begin());
    under_way_ = static_cast<std::size_t>(end - found) - 1;
    rtt_ = rtt;
    misses_ = 0;
    ++answers_;
    if (dead_ && answers_ >= answers_for_life()) {
        dead_ = false;
        changed_ = true;
    }
    return true;
}

bool PathWatch::judge(Instant now) noexcept {
    const Nanos patience = usual() + kPatience;
    std::size_t given_up = 0;
    while (given_up < under_way_ && now - sent_[given_up].at >= patience) {
        ++given_up;
    }
    if (given_up > 0) {
        std::move(sent_.begin() + static_cast<std::ptrdiff_t>(given_up),
                  sent_.begin() + static_cast<std::ptrdiff_t>(under_way_), sent_.begin());
        under_way_ -= given_up;
        misses_ += static_cast<unsigned>(given_up);
        answers_ = 0;
    }
    if (!dead_ && misses_ >= kMostMisses) {
        dead_ = true;
        ++deaths_;
        changed_ = true;
    }
    const bool changed = changed_;
    changed_ = false;
    return changed;
}

unsigned PathWatch::answers_for_life() const noexcept {
    return kAnswersForLife << std::min(deaths_ - 1, kMostDoublings);
}

}  // namespace izar
