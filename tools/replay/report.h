// report.h -- A replay for people, for programs and as a picture.
//
// Thread: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/replay/replay.h"

namespace izar {

// What a series comes to: means over the slices. The first slice is sent in full and is left out of `bytes_sent`
// and `reduction` where there are others, so these are the steady state.
struct SeriesFigures {
    double direct_ms = 0;
    double oracle_ms = 0;
    double chosen_ms = 0;
    double summarized_ms = 0;
    double over_oracle = 0;             // mean over slices of chosen / oracle, full knowledge
    double summarized_over_oracle = 0;  // the same with the summary
    double switched = 0;                // share of pairs per slice, without the first
    double summary_switched = 0;
    double stretch_mean = 0;
    double stretch_p99 = 0;  // mean over slices of each slice's p99
    double stretch_max = 0;
    double bytes_raw = 0;
    double bytes_sent = 0;
    double first_bytes = 0;
    double reduction = 0;  // 1 - sent / raw
    double encode_ms = 0;
    double decode_ms = 0;
    std::size_t lost = 0;
};
SeriesFigures series_figures(const ReplayReport& report);

nlohmann::json to_json(const ReplayReport& report);
std::string to_text(const ReplayReport& report);

// The distributions of the last slice as cumulative curves over a logarithmic axis of ms: an SVG document.
std::string to_svg(const ReplayReport& report);

}  // namespace izar
