// traffic_window.h -- TrafficWindow: from a count of bytes that only grows to what went out in each window.
//
// Thread: values of one thread; time is a parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "probes/link_report.h"

namespace izar {

class TrafficWindow {
  public:
    static constexpr Nanos kSpan = std::chrono::seconds{1};  // at least; until the first look after it

    // Whether the window is over. The first call of close() begins one.
    bool is_due(Instant now) const noexcept { return now - begun_ >= kSpan; }
    // Ends the window and begins the next one; `bytes` is the count since start. Nothing of the first one, which began
    // before anything was counted, or of one in which the count was begun anew.
    std::optional<TrafficReport> close(std::uint64_t bytes, BitRate capacity, Instant now) noexcept {
        std::optional<TrafficReport> out;
        if (begun_ != Instant{} && bytes >= bytes_) {
            out = TrafficReport{bytes - bytes_, now - begun_, capacity};
        }
        begun_ = now;
        bytes_ = bytes;
        return out;
    }

  private:
    Instant begun_{};
    std::uint64_t bytes_ = 0;  // when it began
};

}  // namespace izar
