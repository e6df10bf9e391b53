// installed.h -- Whether a program that a test starts is there at all: without it a test is skipped, and whatever else
// keeps it from starting is a failure.
//
// Thread: pure, but for the environment's PATH.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

namespace izar {

inline bool is_installed(std::string_view program) {
    const char* const path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (::access((folder + "/" + std::string(program)).c_str(), X_OK) == 0) {
            return true;
        }
    }
    return false;
}

}  // namespace izar
