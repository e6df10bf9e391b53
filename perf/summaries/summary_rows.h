// summary_rows.h -- Rows of the suite `summary`: what summaries cost and lose.
//
// Thread: pure functions but for the CPU time that they read. Times are medians over `runs`.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "tools/replay/matrix_file.h"

namespace izar {

// A kind of summary over a series of matrices. Times are medians over runs of the whole series.
nlohmann::json summary_row(std::string_view matrix, const std::vector<NamedMatrix>& slices, std::string_view kind,
                           float eps, int runs);
// PlanetLab's matrix with four features a link.
nlohmann::json features_row(const RttMatrix& matrix, int runs);
// A simulated mesh of regions, summarized row by row.
nlohmann::json simulated_row(std::size_t nodes, std::size_t regions, float eps);

}  // namespace izar
