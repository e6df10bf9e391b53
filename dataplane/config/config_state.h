// config_state.h -- ConfigState: what came of reading a program's configuration, for operators who ask.
//
// Thread: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace izar {

struct ConfigState {
    std::uint64_t generation = 1;                          // of what is in force; 1: of the start
    std::string problem{};                                 // why the newest files are not; empty: they are
    std::vector<std::string> needs_restart{};              // changed keys that wait for a restart
    std::optional<std::chrono::sys_seconds> read_again{};  // when SIGHUP came last; none: never
};

}  // namespace izar
