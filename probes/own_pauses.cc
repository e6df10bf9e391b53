#include "probes/own_pauses.h"

#include <utility>

namespace izar {

void OwnPauses::look(Instant now) noexcept {
    if (now - window_begun_ >= kWindow) {
        longest_before_ = std::exchange(longest_, Nanos{0});
        window_begun_ = now;
    }
    const Nanos gap = now - looked_;
    if (looked_ != Instant{} && gap > kOwnStall) {
        begun_ = looked_;
        ended_ = now;
        total_ += gap;
        surprised_ = gap + interval_ > promised() ? now : surprised_;
        longest_ = std::max(longest_, gap);
    }
    looked_ = now;
}

}  // namespace izar
