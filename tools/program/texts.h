// texts.h -- How programs write lists for people.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <vector>

namespace izar {

// "a, b"; "nothing" of none. (g++ 12 warns of a write out of bounds in fmt::join where it is inlined.)
inline std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        out += (out.empty() ? "" : ", ") + word;
    }
    return out.empty() ? "nothing" : out;
}

}  // namespace izar
