// own_rows.h -- Rows of the suite `summary` about agents' own rows of links: what their controller gets every 5 s, as
// items or as a summary of them (ctrl/agent/row_report.h).
//
// Thread: pure functions but for the CPU time that they read.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "tools/replay/matrix_file.h"

namespace izar {

// How a row changes from one report to the next: RTTs by at most this share, variations and used bandwidth by ten times
// that, both at random.
struct RowDrift {
    std::string_view name;
    float share = 0;
};

// The first `nodes` nodes of a matrix, 12 reports each of at most 24 of them. Bytes are means of a report, after the
// first; those of the first are apart.
nlohmann::json own_row(std::string_view matrix, const RttMatrix& rtts, std::size_t nodes, const RowDrift& drift);
// RTTs of a series of matrices, one a report.
nlohmann::json own_row_series(std::string_view matrix, const std::vector<NamedMatrix>& slices);

}  // namespace izar
