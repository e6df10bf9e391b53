// event_log.h -- EventLog: what happened in the fleet lately, for operators.
//
// Events have growing numbers, also over several lives of a controller: a number is at least the wall clock's
// milliseconds when the event came. Who knows the last number it saw asks for what came after it.
//
// Thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "ctrl/store/records.h"

namespace izar {

// docs/control-plane.md tells what each is about.
enum class EventKind : std::uint8_t { agent, certificate, change, config, group, join, link, node, store };
inline constexpr std::size_t kEventKinds = 9;

const char* name_of(EventKind kind);

struct Event {
    std::uint64_t number = 0;
    WallTime at{};
    EventKind kind{};
    std::string text;
};

class EventLog {
  public:
    static constexpr std::size_t kMostKept = 1'000;  // the oldest make room

    void add(WallTime now, EventKind kind, std::string text);
    // The oldest first.
    const std::deque<Event>& events() const noexcept { return events_; }
    // How many there ever were, by kind.
    const std::array<std::uint64_t, kEventKinds>& counts() const noexcept { return counts_; }

  private:
    std::deque<Event> events_;
    std::array<std::uint64_t, kEventKinds> counts_{};
    std::uint64_t newest_ = 0;
};

}  // namespace izar
