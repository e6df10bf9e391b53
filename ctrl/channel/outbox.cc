#include "ctrl/channel/outbox.h"

#include <utility>

namespace izar {

bool Outbox::add(Frame frame) {
    // One frame is always taken, however long, so that the bound cuts slow peers and not large fleets.
    if (!kept_.empty() && kept_bytes_ + frame.size() > kMostKept) {
        return false;
    }
    kept_bytes_ += frame.size();
    kept_.push_back(std::move(frame));
    return true;
}

void Outbox::replace(Newest key, Frame frame) {
    Frame& waiting = newest_[key];
    newest_bytes_ += frame.size() - waiting.size();
    waiting = std::move(frame);
}

std::optional<Outbox::Frame> Outbox::take() {
    if (!kept_.empty()) {
        Frame out = std::move(kept_.front());
        kept_.pop_front();
        kept_bytes_ -= out.size();
        return out;
    }
    if (!newest_.empty()) {
        Frame out = std::move(newest_.begin()->second);
        newest_.erase(newest_.begin());
        newest_bytes_ -= out.size();
        return out;
    }
    return std::nullopt;
}

}  // namespace izar
