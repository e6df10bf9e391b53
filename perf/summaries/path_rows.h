// path_rows.h -- Rows of the suite `paths`: path search over 1,024 nodes, with its arithmetic limit.
//
// Thread: pure functions but for the CPU time that they read. Times are medians over `runs`.
#pragma once

#include <nlohmann/json.hpp>

namespace izar {

void add_path_rows(nlohmann::json& rows, int runs);

}  // namespace izar
