#include "tools/izar/exec_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <initializer_list>

#include "tools/izar/noun.h"

namespace izar {
namespace {

namespace fs = std::filesystem;

// The source tree of a build directory that lies in it (build-release/tools/izar), or nothing.
std::string source_root_above(const std::string& directory) {
    for (fs::path at = directory; at.has_relative_path(); at = at.parent_path()) {
        if (fs::exists(at / "tools/izar/exec_program.cc")) {
            return at;
        }
    }
    return {};
}

}  // namespace

std::string own_directory() {
    std::error_code ignored;
    return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::optional<std::string> find_program(const ProgramPlaces& places, const std::string& own_directory,
                                        const std::string& source_root) {
    std::vector<fs::path> candidates{fs::path(own_directory) / places.name};
    if (!places.in_build.empty()) {
        candidates.push_back(fs::path(own_directory) / places.in_build);
    }
    if (!places.in_source.empty() && !source_root.empty()) {
        candidates.push_back(fs::path(source_root) / places.in_source);
    }
    for (const fs::path& candidate : candidates) {
        std::error_code ignored;
        if (fs::is_regular_file(candidate, ignored) && access(candidate.c_str(), X_OK) == 0) {
            return candidate.lexically_normal();
        }
    }
    return std::nullopt;
}

int exec_program(const ProgramPlaces& places, const std::vector<std::string>& arguments) {
    const std::string here = own_directory();
    const auto path = find_program(places, here, source_root_above(here));
    if (!path) {
        fmt::print(stderr, "izar: {} is not installed beside {}/izar; install it there\n", places.name, here);
        return kExitFailed;
    }
    std::vector<std::string> words{*path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    execv(path->c_str(), argv.data());
    fmt::print(stderr, "izar: {} cannot be run: {}\n", *path, std::strerror(errno));
    return kExitFailed;
}

}  // namespace izar
