// command_line.h -- How every program of izar reads its command line.
//
// Thread: main, before anything else runs.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

// Reads `arguments` (without the program's name) into what `app` was given. Returns what is to be printed before the
// program ends (--help, --version), empty if it is to run; an error says where help is.
inline Result<std::string> read_command_line(CLI::App& app, std::string_view program,
                                             std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);  // CLI11 takes its vector from the back
    try {
        app.parse(arguments);
    } catch (const CLI::CallForHelp&) {
        return app.help();
    } catch (const CLI::CallForVersion&) {
        return app.version();
    } catch (const CLI::ParseError& error) {
        return fail(std::string(error.what()) + "; see " + std::string(program) + " --help");
    }
    return std::string{};
}

}  // namespace izar
