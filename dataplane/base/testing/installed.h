// installed.h -- Whether a program that a test starts is there at all: without it a test is skipped, and whatever else
// keeps it from starting is a failure.
//
// Thread: pure, but for the environment's PATH.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <ranges>
#include <string>
#include <string_view>

namespace izar {

inline bool is_installed(std::string_view program) {
    const char* const path = std::getenv("PATH");
    for (const auto folder : std::views::split(std::string_view(path == nullptr ? "" : path), ':')) {
        const std::string file = std::string(folder.begin(), folder.end()) + "/" + std::string(program);
        if (::access(file.c_str(), X_OK) == 0) {
            return true;
        }
    }
    return false;
}

}  // namespace izar
