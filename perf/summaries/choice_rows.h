// choice_rows.h -- Rows of the suite `choice`: how close chosen paths stay to the best ones, and how many pairs move
// for it.
//
// Thread: pure functions but for the CPU time that they read.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "tools/replay/matrix_file.h"

namespace izar {

// izar's own rule with these margins.
nlohmann::json choice_row(std::string_view matrix, const std::vector<NamedMatrix>& slices, int margin_ms,
                          double relative);
// The same for rules that know some of the slices to come, or all of them, and pay for each switch: what no rule
// without that knowledge reaches; and for rules that know nothing more than izar's, and are not used.
void add_rule_rows(nlohmann::json& rows, const std::vector<NamedMatrix>& slices);

}  // namespace izar
