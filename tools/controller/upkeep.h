// upkeep.h -- Upkeep: what a controller's store needs now and then: rows of others taken up, old samples thinned out.
//
// Thread: the event loop's.
#pragma once

#include <functional>
#include <string>

#include "ctrl/controller/controller.h"
#include "ctrl/loop/event_loop.h"

namespace izar {

class Upkeep {
  public:
    static constexpr Nanos kCompactInterval = std::chrono::minutes{10};

    // `adopt_interval`: between two looks for rows that somebody wrote into the public tables; 0: never. What goes
    // wrong is a line to `log`, and tried again the next time.
    Upkeep(EventLoop& loop, Controller& controller, Nanos adopt_interval, std::function<void(const std::string&)> log);

    void set_adopt_interval(Nanos interval);

  private:
    void adopt();
    void compact();

    Controller& controller_;
    Nanos adopt_interval_{};
    std::function<void(const std::string&)> log_;
    Timer adopt_timer_;
    Timer compact_timer_;
};

}  // namespace izar
