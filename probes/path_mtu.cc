#include "probes/path_mtu.h"

#include <algorithm>

namespace izar {

void PathMtu::set_most(std::uint16_t size, Instant now) noexcept {
    if (size == most_) {
        return;
    }
    if (most_ == 0) {
        // Not from 0: what the peer heard of this node's former life must not look like an answer.
        last_number_ = static_cast<std::uint16_t>(now.time_since_epoch() / std::chrono::microseconds{1});
    }
    most_ = size;
    size_ = size;
    restart(now);
}

void PathMtu::restart(Instant now) noexcept {
    shown_ = false;
    raised_at_ = now;
    too_large_ = static_cast<std::uint16_t>(most_ + 1);
    ask(size_);
}

// A new question is asked at the next turn.
void PathMtu::ask(std::uint16_t size) noexcept {
    asked_ = size;
    under_way_ = 0;
    turns_ = kCalmTurns;
}

std::size_t PathMtu::missed() const noexcept {
    const auto is_missed = [&](const Sent& sent) { return echoed_ - sent.at >= kReordering; };
    return static_cast<std::size_t>(std::count_if(sent_.begin(), sent_.begin() + under_way_, is_missed));
}

PathMtu::Probe PathMtu::next(Instant now) noexcept {
    if (most_ == 0) {
        return {};
    }
    if (missed() == kMostMisses) {
        fail(now);
    }
    if (!searching() && shown_ && size_ < most_ && now - raised_at_ >= kRaiseInterval) {
        raised_at_ = now;
        too_large_ = static_cast<std::uint16_t>(most_ + 1);
        search_on(now);
    }
    if (now - shrunk_at_ >= kGrudge) {
        widest_ = std::min(widest_, size_);
    }
    ++turns_;
    const bool calm = shown_ && !searching() && missed() == 0;
    if (turns_ < (calm ? kCalmTurns : kEagerTurns) || under_way_ == kMostMisses) {
        return {};
    }
    turns_ = 0;
    last_number_ = static_cast<std::uint16_t>(last_number_ == UINT16_MAX ? 1 : last_number_ + 1);
    sent_[under_way_++] = {last_number_, now};
    return {asked_, last_number_};
}

void PathMtu::heard(std::uint16_t number, Instant echoed, Instant now) noexcept {
    echoed_ = echoed;
    const auto end = sent_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    if (std::any_of(sent_.begin(), end, [&](const Sent& sent) { return sent.number == number; })) {
        pass(now);  // otherwise it was told before, or is of a question that is settled
    }
}

void PathMtu::pass(Instant now) noexcept {
    const bool searched = searching();
    size_ = asked_;
    shown_ = true;
    widest_ = std::max(widest_, size_);
    if (searched) {
        search_on(now);
    } else {
        under_way_ = 0;
    }
}

// The next question of a search: the port's MTU first, because most links carry it, then halves.
void PathMtu::search_on(Instant now) noexcept {
    if (too_large_ > most_ && size_ < most_) {
        ask(most_);
    } else if (too_large_ > size_ + 1) {
        ask(static_cast<std::uint16_t>(size_ + (too_large_ - size_) / 2));
    } else {
        raised_at_ = now;
        ask(size_);
    }
}

void PathMtu::fail(Instant now) noexcept {
    too_large_ = asked_;
    if (searching()) {
        search_on(now);
        return;
    }
    if (size_ <= kLeast) {
        ask(size_);  // nothing smaller to go back to
        return;
    }
    shown_ = false;
    shrunk_at_ = now;
    size_ = std::min(kLeast, size_);
    search_on(now);
}

}  // namespace izar
