// drain_noun.h -- `izar node drain NODE [--wait]`.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/izar/noun.h"

namespace izar {

// Adds the verb to `izar node`.
void add_drain_verb(CLI::App& node_noun, Action& run);

}  // namespace izar
