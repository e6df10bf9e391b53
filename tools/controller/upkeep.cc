#include "tools/controller/upkeep.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

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
    } else {
        tell(*taken);
    }
    adopt_timer_.start(adopt_interval_, [this] { adopt(); });
}

void Upkeep::tell(const AdoptedRows& adopted) {
    if (adopted.taken != 0) {
        controller_.tell_event(EventKind::change, fmt::format("{} rows of the public tables taken up", adopted.taken));
        if (const auto told = controller_.refresh(); !told) {
            log_(told.error().text);
        }
    }
    std::set<std::string> refused(adopted.refused.begin(), adopted.refused.end());
    std::vector<std::string> newly;
    std::ranges::set_difference(refused, refused_, std::back_inserter(newly));
    refused_ = std::move(refused);
    for (std::size_t i = 0; i < std::min(newly.size(), kMostLines); ++i) {
        controller_.tell_event(EventKind::store, "not taken up: " + newly[i]);
    }
    if (newly.size() > kMostLines) {
        controller_.tell_event(EventKind::store, fmt::format("{} more rows of the public tables are not taken up",
                                                             newly.size() - kMostLines));
    }
}

void Upkeep::compact() {
    if (const auto done = controller_.store().compact(controller_.wall_now()); !done) {
        log_("old samples are not thinned out: " + done.error().text);
    }
    compact_timer_.start(kCompactInterval, [this] { compact(); });
}

}  // namespace izar
