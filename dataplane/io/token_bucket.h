// token_bucket.h -- TokenBucket: at most `rate` takes a second, `burst` at once.
//
// Thread: one thread; time is a parameter.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

class TokenBucket {
  public:
    TokenBucket(std::uint64_t per_second, std::uint64_t burst)
        : interval_(Nanos{std::chrono::seconds{1}} / static_cast<std::int64_t>(per_second)),
          depth_(interval_ * static_cast<std::int64_t>(burst)) {}

    bool take(Instant now) noexcept {
        // `spent_until_` is when the bucket would be full again (GCRA, ITU-T I.371 annex A).
        const Instant from = std::max(spent_until_, now);
        if (from + interval_ - now > depth_) {
            return false;
        }
        spent_until_ = from + interval_;
        return true;
    }

  private:
    Nanos interval_;
    Nanos depth_;
    Instant spent_until_{};
};

}  // namespace izar
