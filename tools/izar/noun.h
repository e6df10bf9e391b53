// noun.h -- What a noun of the izar command is: `izar NOUN ...`, one file pair each.
//
// A noun registers a subcommand with CLI11 and leaves in `run` what to do if it was the one asked for;
// main calls it after the whole command line was read. A new noun is a new file and a line in main.cc.
//
// Thread: main.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace izar {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  // the command line was not understood

// Gives the exit code of the process.
using Action = std::function<int()>;

void add_controller_nouns(CLI::App& app, Action& run);
void add_edge_noun(CLI::App& app, Action& run);
void add_events_noun(CLI::App& app, Action& run);
void add_history_noun(CLI::App& app, Action& run);
void add_lab_noun(CLI::App& app, Action& run);
void add_link_noun(CLI::App& app, Action& run);
void add_links_noun(CLI::App& app, Action& run);
void add_path_noun(CLI::App& app, Action& run);
void add_replay_noun(CLI::App& app, Action& run);
void add_status_noun(CLI::App& app, Action& run);

}  // namespace izar
