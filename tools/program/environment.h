// environment.h -- The variables that a program was started with.
//
// Thread: main, before others run.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

namespace izar {

// "NAME=value" each.
inline std::vector<std::string> environment() {
    std::vector<std::string> out;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        out.emplace_back(*variable);
    }
    return out;
}

}  // namespace izar
