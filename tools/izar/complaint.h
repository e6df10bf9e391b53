// complaint.h -- What the izar command says of a command line that it does not understand.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace izar {

// One line without line end: what is wrong, at which word, and which words there are. CLI11 itself would tell of an
// unknown noun or verb only that one is missing.
std::string complaint(const CLI::App& app, const CLI::Error& error);

}  // namespace izar
