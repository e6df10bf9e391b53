// upkeep.h -- Upkeep: what a controller's store needs now and then: rows of others taken up, old samples thinned out.
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "ctrl/controller/controller.h"
#include "ctrl/loop/event_loop.h"

namespace izar {

class Upkeep {
  public:
    static constexpr Nanos kCompactInterval = std::chrono::minutes{10};

    static constexpr std::size_t kMostLines = 20;  // about rows that cannot be taken up, in one look

    // `adopt_interval`: between two looks for rows that somebody wrote into the public tables; 0: never. Rows that were
    // taken up, and those that cannot be, are events, the latter once. What goes wrong is a line to `log`, and tried
    // again the next time.
    Upkeep(EventLoop& loop, Controller& controller, Nanos adopt_interval, std::function<void(const std::string&)> log);

    void set_adopt_interval(Nanos interval);

  private:
    void adopt();
    void tell(const AdoptedRows& adopted);
    void compact();

    Controller& controller_;
    Nanos adopt_interval_{};
    std::set<std::string> refused_;  // in the last look
    std::function<void(const std::string&)> log_;
    Timer adopt_timer_;
    Timer compact_timer_;
};

}  // namespace izar
