#include "tools/izar/complaint.h"

#include <fmt/format.h>

namespace izar {
namespace {

// The subcommand that the line got to, and the words up to it: "izar path".
std::pair<const CLI::App*, std::string> last_understood(const CLI::App& app) {
    const CLI::App* at = &app;
    std::string words = app.get_name();
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        words += " " + at->get_name();
    }
    return {at, words};
}

std::string names_of(const std::vector<const CLI::App*>& commands) {
    std::string out;
    for (const CLI::App* command : commands) {
        out += (out.empty() ? "" : ", ") + command->get_name();
    }
    return out;
}

}  // namespace

std::string complaint(const CLI::App& app, const CLI::Error& error) {
    const auto [at, words] = last_understood(app);
    const auto next = at->get_subcommands([](const CLI::App*) { return true; });
    if (next.empty()) {
        return fmt::format("{}: {}; see {} --help", words, error.what(), words);
    }
    const auto unknown = at->remaining();
    return unknown.empty() ? fmt::format("{}: a word is missing; it goes on with {}", words, names_of(next))
                           : fmt::format("{}: '{}' is unknown; there are {}", words, unknown.front(), names_of(next));
}

}  // namespace izar
