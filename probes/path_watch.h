// path_watch.h -- PathWatch: whether one path carries packets to its end and back, and how long that takes.
//
// Thread: values of one thread; time is a parameter.
//
// A path is asked once a second, and at once when the watch begins. A probe that is late makes the next ones eager;
// kMostMisses in a row without answer mean that the path is dead, whatever its links say. A dead path is asked on, and
// lives again after kAnswersForLife answers in a row, twice as many after each further death.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

class PathWatch {
  public:
    static constexpr Nanos kInterval = std::chrono::seconds{1};
    static constexpr Nanos kEager = std::chrono::milliseconds{100};     // between two probes while one is late
    static constexpr Nanos kPatience = std::chrono::milliseconds{250};  // beyond 1.5 times the expected RTT
    static constexpr unsigned kMostMisses = 4;
    static constexpr unsigned kAnswersForLife = 3;
    static constexpr unsigned kMostDoublings = 4;
    static constexpr std::size_t kUnderWay = 8;

    // Begins with a path that is thought to take `expected`, and to live.
    void begin(Nanos expected, Instant now) noexcept;

    // The number of the probe that is to be sent now, or 0.
    std::uint16_t next(Instant now) noexcept;
    // The answer to a probe came. False: to none that is waited for.
    bool heard(std::uint16_t number, Nanos rtt) noexcept;
    // Gives up probes that are waited for too long. True if the path died or came back to life since the last call.
    bool judge(Instant now) noexcept;
    // This node itself stood still: what is under way may be waiting here.
    void forgive() noexcept { under_way_ = 0; }

    bool is_dead() const noexcept { return dead_; }
    Nanos rtt() const noexcept { return rtt_; }  // of the last answer, or what was expected

  private:
    struct Sent {
        std::uint16_t number = 0;
        Instant at{};
    };
    Nanos usual() const noexcept { return rtt_ * 3 / 2; }
    unsigned answers_for_life() const noexcept;

    Nanos rtt_{};
    Instant last_sent_{};
    std::uint16_t last_number_ = 0;
    std::array<Sent, kUnderWay> sent_{};  // not answered yet, oldest first
    std::size_t under_way_ = 0;
    unsigned misses_ = 0;   // in a row
    unsigned answers_ = 0;  // in a row
    unsigned deaths_ = 0;
    bool dead_ = false;
    bool changed_ = false;
};

}  // namespace izar
