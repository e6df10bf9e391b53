// link_noun.h -- `izar link rekey [--wait]`.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/izar/noun.h"

namespace izar {

void add_link_noun(CLI::App& app, Action& run);

}  // namespace izar
