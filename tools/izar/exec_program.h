// exec_program.h -- Handing over to another program of izar, found beside this one.
//
// Thread: main; on success the calling process becomes the other program.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace izar {

// The program's path: beside this binary, or, in a build directory, at `in_build` below it or at
// `in_source` in the source tree that it was built from. None if it is nowhere.
struct ProgramPlaces {
    std::string name;       // "izar-lab"
    std::string in_build;   // relative to the directory of this binary: "../replay/izar-replay"
    std::string in_source;  // relative to the source root: "tools/lab/izar-lab"
};
std::optional<std::string> find_program(const ProgramPlaces& places, const std::string& own_directory,
                                        const std::string& source_root);

// Directory of the running binary.
std::string own_directory();

// Replaces this process. Comes back only with the exit code of a failure that it has printed.
int exec_program(const ProgramPlaces& places, const std::vector<std::string>& arguments);

}  // namespace izar
