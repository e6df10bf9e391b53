#include "tools/controller/upkeep.h"

#include <fmt/format.h>

#include <utility>

namespace izar {

Upkeep::Upkeep(EventLoop& loop, Controller& controller, Nanos adopt_interval,
               std::function<void(const std::string&)> log)
    : controller_(controller), log_(std::move(log)), adopt_timer_(loop), compact_timer_(loop) {
    set_adopt_interval(adopt_interval);
    compact_timer_.start(kCompactInterval, [this] { compact(); });
}

void Upkeep::set_adopt_interval(Nanos interval) {
    adopt_interval_ = interval;
    adopt_timer_.cancel();
    if (interval > Nanos{0}) {
        adopt_timer_.start(interval, [this] { adopt(); });
    }
}

void Upkeep::adopt() {
    const auto taken = controller_.store().adopt_public_rows(controller_.wall_now());
    if (!taken) {
        log_("rows of the public tables are not taken up: " + taken.error().text);
    } else if (*taken != 0) {
        log_(fmt::format("{} rows of the public tables taken up", *taken));
        if (const auto told = controller_.refresh(); !told) {
            log_(told.error().text);
        }
    }
    adopt_timer_.start(adopt_interval_, [this] { adopt(); });
}

void Upkeep::compact() {
    if (const auto done = controller_.store().compact(controller_.wall_now()); !done) {
        log_("old samples are not thinned out: " + done.error().text);
    }
    compact_timer_.start(kCompactInterval, [this] { compact(); });
}

}  // namespace izar
