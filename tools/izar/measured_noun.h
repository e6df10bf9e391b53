// measured_noun.h -- `izar node system [NODE]`, `izar link probes [REGION]` and `izar link metrics [NODE]`: what the
// tables of measurements hold.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/izar/noun.h"

namespace izar {

// Adds the verb to `izar node`.
void add_system_verb(CLI::App& node_noun, Action& run);
// Adds the others to `izar link`.
void add_measured_verbs(CLI::App& link_noun, Action& run);

}  // namespace izar
